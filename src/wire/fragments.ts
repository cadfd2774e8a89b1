/**
 * Gives later fragments, which carry no ports, the ports of the first fragment of their packet.
 *
 *   first seen before       the later one takes its ports and is a row at once
 *   later one seen before   it is held; when the first comes, it is queued as a row with its own time, for `take`
 *   first never seen        it is refused as `fragment`: when its place is needed, or at the end
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

/** What a decoder returns for a fragment that waits for its first one: neither a row nor a refusal, for now. */
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

/** The fragments seen between batches of one input, of bounded size. Whoever decodes with it calls `take` after each batch, and `end` once. */
export class Fragments {
  /** Epoch milliseconds of the packet that is being decoded. */
  nowMillis = 0;
  readonly #refusals: Refusals;
  /** By key, oldest first; so are the ones that wait. */
  readonly #firsts = new Map<string, First>();
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  readonly #matched = createPacketBatch(limits.fragmentsHeldMax);

  /** @param refusals where fragments that are never matched are counted. */
  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  /** Notes the first fragment that `row` holds, and queues those of its packet that came before it. */
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
   * Completes a row, in which addresses, family and bytes stand, with the ports of the packet's first fragment.
   * @returns 0, or `held` when there is none: then the row's content is void.
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

  /** Fills `packets` anew with fragments that were matched after they came. @returns false when there are none */
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

  /** Refuses all that still wait. */
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

  /** Refuses the oldest that wait, a sixteenth of the limit at once: a map finds its oldest entry slowly after many were deleted. */
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
