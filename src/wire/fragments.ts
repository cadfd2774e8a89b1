/**
 * Adds the ports to later fragments, which have none, from the first fragment of their packet.
 *
 *   first fragment seen     a later one takes its ports and becomes a row at once
 *   later one seen first    it is held; when the first arrives, it is queued as a row with its own time, for `take`
 *   first never seen        it is refused as `fragment` when its place is needed, or at the end
 *
 * Fragments of one packet have the same source, destination and id, and in IPv4 the same protocol. Ids are used again, so fragments
 * far apart in time do not belong together. Source: RFC 791 section 3.2, RFC 8200 section 4.5.
 */
import { limits } from '../base/limits.ts';
import type { PacketBatch } from '../net/packet.ts';
import { copyPacket, createPacketBatch } from '../net/packet.ts';
import { refuse } from './reason.ts';
import type { Refusals } from './refusals.ts';
import { countRefusal } from './refusals.ts';

/** Result of a decoder for a fragment that waits for its first fragment: neither a row nor a refusal yet. */
export const held = 1;

interface First {
  readonly timeMillis: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

interface Waiting {
  readonly timeMillis: number;
  readonly ipBytes: number;
}

/** The fragments of one input between batches, of bounded size. Call `take` after each batch, and `end` once. */
export class Fragments {
  /** Epoch milliseconds of the packet that is being decoded. */
  nowMillis = 0;
  readonly #refusals: Refusals;
  /** By key, oldest first. */
  readonly #firsts = new Map<string, First>();
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  readonly #matched = createPacketBatch(limits.fragmentsHeldMax);

  /** @param refusals counts fragments that never match */
  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  /** Stores the first fragment in `row`, and queues later fragments of its packet that arrived before it. */
  first(packets: PacketBatch, row: number, protocol: number, id: number): void {
    const key = keyOf(packets, row, protocol, id);
    const timeMillis = this.nowMillis;
    this.#firsts.delete(key);
    if (this.#firsts.size >= limits.firstFragmentsMax) this.#forget();
    this.#firsts.set(key, {
      timeMillis,
      protocol: packets.protocol[row],
      sourcePort: packets.sourcePort[row],
      destinationPort: packets.destinationPort[row],
    });
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    this.#waitingCount -= waiting.length;
    for (const fragment of waiting) {
      if (areNear(packets.family[row], fragment.timeMillis, timeMillis)) this.#queue(packets, row, fragment);
      else this.#refuse(fragment);
    }
  }

  /**
   * Adds the ports of the first fragment to a row that has addresses, family and bytes.
   * @returns 0, or `held` if the first fragment was not seen: then the row's content is invalid
   */
  later(packets: PacketBatch, row: number, protocol: number, id: number): number {
    const key = keyOf(packets, row, protocol, id);
    const timeMillis = this.nowMillis;
    const first = this.#firsts.get(key);
    if (first === undefined || !areNear(packets.family[row], first.timeMillis, timeMillis)) {
      this.#hold(key, { timeMillis, ipBytes: packets.ipBytes[row] });
      return held;
    }
    packets.protocol[row] = first.protocol;
    packets.sourcePort[row] = first.sourcePort;
    packets.destinationPort[row] = first.destinationPort;
    packets.tcpFlags[row] = 0;
    return 0;
  }

  /**
   * Overwrites `packets` with fragments whose first fragment arrived after them.
   * @returns false if there are none
   */
  take(packets: PacketBatch): boolean {
    const matched = this.#matched;
    const count = Math.min(matched.count, packets.capacity);
    if (count === 0) return false;
    const from = matched.count - count;
    for (let row = 0; row < count; row++) copyPacket(matched, from + row, packets, row);
    matched.count = from;
    packets.count = count;
    return true;
  }

  /** Refuses all fragments that still wait. */
  end(): void {
    for (const waiting of this.#waiting.values()) for (const fragment of waiting) this.#refuse(fragment);
    this.#waiting.clear();
    this.#waitingCount = 0;
    this.#firsts.clear();
  }

  #hold(key: string, fragment: Waiting): void {
    if (this.#waitingCount + this.#matched.count >= limits.fragmentsHeldMax) this.#giveUp();
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, [fragment]);
    else waiting.push(fragment);
    this.#waitingCount++;
  }

  /**
   * Refuses the oldest waiting fragments, a sixteenth of the limit together: finding the oldest entry of a map is slow
   * after many deletions.
   */
  #giveUp(): void {
    const enough = this.#waitingCount - limits.fragmentsHeldMax / 16;
    for (const [key, waiting] of this.#waiting) {
      if (this.#waitingCount <= enough) return;
      this.#waiting.delete(key);
      this.#waitingCount -= waiting.length;
      for (const fragment of waiting) this.#refuse(fragment);
    }
  }

  #forget(): void {
    const enough = this.#firsts.size - limits.firstFragmentsMax / 16;
    for (const key of this.#firsts.keys()) {
      if (this.#firsts.size <= enough) return;
      this.#firsts.delete(key);
    }
  }

  #queue(packets: PacketBatch, row: number, fragment: Waiting): void {
    const matched = this.#matched;
    const to = matched.count++;
    copyPacket(packets, row, matched, to);
    matched.timeMillis[to] = fragment.timeMillis;
    matched.ipBytes[to] = fragment.ipBytes;
    matched.tcpFlags[to] = 0;
  }

  #refuse(fragment: Waiting): void {
    countRefusal(this.#refusals, refuse.fragment, fragment.timeMillis);
  }
}

function areNear(family: number, a: number, b: number): boolean {
  const { fragmentsApartMillisMax, ipv6FragmentsApartMillisMax } = limits;
  return Math.abs(a - b) <= (family === 4 ? fragmentsApartMillisMax : ipv6FragmentsApartMillisMax);
}

function keyOf(packets: PacketBatch, row: number, protocol: number, id: number): string {
  const at = 4 * row;
  const { source: s, destination: d } = packets;
  return packets.family[row] === 4
    ? `${id} ${protocol} ${s[at + 3]} ${d[at + 3]}`
    : `${id} ${s[at]} ${s[at + 1]} ${s[at + 2]} ${s[at + 3]} ${d[at]} ${d[at + 1]} ${d[at + 2]} ${d[at + 3]}`;
}
