/**
 * From the addresses by which the outside knows NICs to their own: rules and logs have the private ones. A packet to a public address counts as it is
 * behind the translation (inbound after DNAT), one from it as it was before (outbound before SNAT). Source: facts 4.1.
 */
import type { Address } from '../net/address.ts';
import { sameAddress } from '../net/address.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { Translation } from './network.ts';

/** One end of a flow. */
export interface FlowEnd {
  readonly address: Address;
  readonly port: number;
}

/** The private end behind a public one; the end itself where nothing translates it. */
export function privateEnd(translations: readonly Translation[], protocol: number, end: FlowEnd): FlowEnd {
  const fits = translations.filter((one) => sameAddress(one.public, end.address));
  const found =
    fits.find((one) => one.protocol === protocol && one.publicPort === end.port) ??
    fits.find((one) => one.protocol === undefined);
  if (found === undefined) return end;
  return { address: found.private, port: found.protocol === undefined ? end.port : found.privatePort };
}

/** Translations by the last word of their public address. */
export type TranslationTable = ReadonlyMap<number, readonly Translation[]>;

/** `undefined` where there is nothing to translate. Of several for one port the first counts, one of a port before one of all ports. */
export function buildTranslations(translations: readonly Translation[]): TranslationTable | undefined {
  if (translations.length === 0) return undefined;
  const table = new Map<number, Translation[]>();
  for (const translation of [...translations].sort(
    (a, b) => Number(a.protocol === undefined) - Number(b.protocol === undefined),
  )) {
    const word = translation.public.words[3];
    table.set(word, [...(table.get(word) ?? []), translation]);
  }
  return table;
}

/** Gives the packets of a batch their private addresses and ports, in place. */
export function translateBatch(packets: PacketBatch, table: TranslationTable): void {
  for (let row = 0; row < packets.count; row++) {
    translateEnd(packets, row, packets.destination, packets.destinationPort, table);
    translateEnd(packets, row, packets.source, packets.sourcePort, table);
  }
}

function translateEnd(
  packets: PacketBatch,
  row: number,
  words: Uint32Array,
  ports: Uint16Array,
  table: TranslationTable,
): void {
  const at = 4 * row;
  for (const translation of table.get(words[at + 3]) ?? []) {
    const { public: outside, private: inside, protocol, publicPort, privatePort } = translation;
    if (outside.family !== packets.family[row] || outside.words.some((word, index) => word !== words[at + index]))
      continue;
    if (protocol !== undefined && (protocol !== packets.protocol[row] || publicPort !== ports[row])) continue;
    words.set(inside.words, at);
    if (protocol !== undefined) ports[row] = privatePort;
    return;
  }
}
