/**
 * From the addresses by which the outside knows NICs to their own: rules and logs have the private ones. A packet to a public address counts as it is
 * behind the translation (inbound after DNAT), one from it as it was before (outbound before SNAT). Source: facts 4.1.
 */
import { limits } from '../base/limits.ts';
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
type TranslationTable = ReadonlyMap<number, readonly Translation[]>;

/** Of several for one port the first counts, one of a port before one of all ports. */
function buildTranslations(translations: readonly Translation[]): TranslationTable {
  const table = new Map<number, Translation[]>();
  for (const translation of [...translations].sort(
    (a, b) => Number(a.protocol === undefined) - Number(b.protocol === undefined),
  )) {
    const word = translation.public.words[3];
    table.set(word, [...(table.get(word) ?? []), translation]);
  }
  return table;
}

/**
 * Gives the packets of one batch after another their private addresses and ports, in place. The translations may change in the middle of a batch: those
 * that the packets had outside are kept until the next one.
 */
export class Translator {
  #table: TranslationTable;
  #isKept = false;
  readonly #outside = {
    source: new Uint32Array(4 * limits.batchPackets),
    destination: new Uint32Array(4 * limits.batchPackets),
    sourcePort: new Uint16Array(limits.batchPackets),
    destinationPort: new Uint16Array(limits.batchPackets),
  };

  constructor(translations: readonly Translation[]) {
    this.#table = buildTranslations(translations);
  }

  /** What holds from now on; for the rest of a batch that was begun, after `translateAgain`. */
  change(translations: readonly Translation[]): void {
    this.#table = buildTranslations(translations);
  }

  /** Translates a new batch of at most `limits.batchPackets`. */
  translate(packets: PacketBatch): void {
    this.#isKept = false;
    this.translateAgain(packets, 0);
  }

  /** Translates the batch anew from row `from` on, from what its packets had outside. */
  translateAgain(packets: PacketBatch, from: number): void {
    const outside = this.#outside;
    const { source, destination, sourcePort, destinationPort, count } = packets;
    if (this.#isKept) {
      source.set(outside.source.subarray(4 * from, 4 * count), 4 * from);
      destination.set(outside.destination.subarray(4 * from, 4 * count), 4 * from);
      sourcePort.set(outside.sourcePort.subarray(from, count), from);
      destinationPort.set(outside.destinationPort.subarray(from, count), from);
    }
    if (this.#table.size === 0) return;
    if (!this.#isKept) {
      outside.source.set(source.subarray(0, 4 * count));
      outside.destination.set(destination.subarray(0, 4 * count));
      outside.sourcePort.set(sourcePort.subarray(0, count));
      outside.destinationPort.set(destinationPort.subarray(0, count));
      this.#isKept = true;
    }
    for (let row = from; row < count; row++) {
      translateEnd(packets, row, destination, destinationPort, this.#table);
      translateEnd(packets, row, source, sourcePort, this.#table);
    }
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
