/**
 * Translates public addresses of NICs to private ones, as rules and logs have the private ones. A packet to a public
 * address counts as it is after the translation (inbound after DNAT), a packet from one as it was before (outbound before
 * SNAT). Each NIC sees its own end private and the far end as it is known from outside, so two NICs see one packet
 * differently:
 *
 *     on the wire           20.1.1.1:5000 → 20.2.2.2:80
 *     at the source's NIC    10.0.0.4:5000 → 20.2.2.2:80
 *     at the destination's   20.1.1.1:5000 → 10.0.1.4:80
 *
 * Source: facts 4.1 and 4.3.
 */
import { limits } from '../base/limits.ts';
import type { PacketBatch } from '../net/packet.ts';
import { copyPacket, createPacketBatch } from '../net/packet.ts';
import type { CompiledNetwork } from './compile.ts';
import type { Translation } from './network.ts';
import type { PrivateTarget, PacketEnd } from './translation-table.ts';
import { TranslationTable } from './translation-table.ts';

/** The translations in force. */
export interface TranslationRules {
  readonly translations: readonly Translation[];
  /** Whether a hash selects one of the backends that share a port; otherwise these packets keep their address. */
  readonly isBalanced: boolean;
  readonly nics: Pick<CompiledNetwork, 'nicOf'>;
}

/**
 * Replaces public by private addresses and ports in place, one batch of packets after another. A packet that two NICs
 * see differently is not changed: it has two views. The rules can change in the middle of a batch, so the public
 * addresses of its packets are kept until the next batch.
 */
export class Translator {
  /** Packets whose backend was selected by a hash. */
  balanced = 0;
  #nics: TranslationRules['nics'];
  #table: TranslationTable;
  #isKept = false;
  readonly #outside = createPacketBatch(limits.batchPackets);
  /** By row of the batch: 1 if it has two views; 1 if a hash selected its backend. */
  readonly #isSplit = new Uint8Array(limits.batchPackets);
  readonly #isBalanced = new Uint8Array(limits.batchPackets);
  readonly #views = createPacketBatch(2);

  constructor({ translations, isBalanced, nics }: TranslationRules) {
    this.#nics = nics;
    this.#table = new TranslationTable(translations, isBalanced);
  }

  /** Sets the rules from now on; for the rest of the current batch call `translateAgain`. */
  change({ translations, isBalanced, nics }: TranslationRules): void {
    this.#nics = nics;
    this.#table = new TranslationTable(translations, isBalanced);
  }

  /** Translates a new batch of at most `limits.batchPackets`. */
  translate(packets: PacketBatch): void {
    if (this.#isKept) {
      this.#isSplit.fill(0);
      this.#isBalanced.fill(0);
      this.#isKept = false;
    }
    this.translateAgain(packets, 0);
  }

  /** Translates the batch again from row `from` on, from the original addresses of its packets. */
  translateAgain(packets: PacketBatch, from: number): void {
    if (this.#isKept) copyEnds(this.#outside, packets, from, packets.count);
    else if (this.#table.isEmpty) return;
    else copyEnds(packets, this.#outside, 0, packets.count);
    this.#isKept = true;
    for (let row = from; row < packets.count; row++) this.#translateRow(packets, row);
  }

  /** The first row from `row` on, before `end`, that has two views; `end` if there is none. */
  nextSplit(row: number, end: number): number {
    if (!this.#isKept) return end;
    const next = this.#isSplit.indexOf(1, row);
    return next < 0 ? end : Math.min(next, end);
  }

  /** A row's packet as the source's NIC sees it, and as the destination's NIC sees it. Valid until the next call. */
  viewsOf(packets: PacketBatch, row: number): PacketBatch {
    const views = this.#views;
    views.count = 2;
    copyPacket(packets, row, views, 0);
    copyPacket(packets, row, views, 1);
    const to = this.#table.of(packets, row, 'destination');
    const from = this.#table.of(packets, row, 'source');
    if (from !== undefined) translateEnd(from, views, 0, 'source');
    else if (to?.isInternal === false) this.#table.translateOut(views, 1, 'source');
    if (to !== undefined) translateEnd(to, views, 1, 'destination');
    else if (from?.isInternal === false) this.#table.translateOut(views, 0, 'destination');
    return views;
  }

  #translateRow(packets: PacketBatch, row: number): void {
    this.balanced -= this.#isBalanced[row];
    this.#isSplit[row] = this.#isBalanced[row] = 0;
    const to = this.#table.of(packets, row, 'destination');
    const from = this.#table.of(packets, row, 'source');
    if (to === undefined && from === undefined) return;
    const destinationNic = this.#nicAt(packets, row, 'destination', to);
    const sourceNic = this.#nicAt(packets, row, 'source', from);
    // A packet that a NIC sends to itself through a load balancer is seen as it was sent.
    if (sourceNic >= 0 && sourceNic === destinationNic) return;
    if (to?.isShared === true || from?.isShared === true) this.balanced += this.#isBalanced[row] = 1;
    if (sourceNic >= 0 && destinationNic >= 0) {
      this.#isSplit[row] = 1;
      return;
    }
    if (to !== undefined) translateEnd(to, packets, row, 'destination');
    if (from !== undefined) translateEnd(from, packets, row, 'source');
  }

  #nicAt(packets: PacketBatch, row: number, end: PacketEnd, target: PrivateTarget | undefined): number {
    const words = target?.inside.words ?? packets[end].subarray(4 * row, 4 * row + 4);
    return this.#nics.nicOf(packets.family[row], words[0], words[1], words[2], words[3]);
  }
}

function translateEnd({ inside, port }: PrivateTarget, packets: PacketBatch, row: number, end: PacketEnd): void {
  packets[end].set(inside.words, 4 * row);
  if (port !== undefined) packets[`${end}Port`][row] = port;
}

/** Copies addresses and ports from row `start` on. */
function copyEnds(from: PacketBatch, to: PacketBatch, start: number, end: number): void {
  for (const key of ['source', 'destination'] as const) {
    to[key].set(from[key].subarray(4 * start, 4 * end), 4 * start);
    to[`${key}Port`].set(from[`${key}Port`].subarray(start, end), start);
  }
}
