import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { minuteMillis, tickMillis } from '../base/time.ts';
import { directionInbound, directionOutbound, stateBegin, stateDenied } from '../flowlog/tuple.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { tcpFin, tcpRst, tcpSyn } from '../net/tcp-flags.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import {
  flowDenied,
  flowEnded,
  flowFlagsMask,
  initiatorGuessedDestination,
  initiatorGuessedSource,
  initiatorIsDestination,
  isClosed,
  isOpening,
  tcpInitiator,
  withTcpFlags,
} from './connection.ts';
import type { MeterCounts } from './counts.ts';
import type { FlowEvents } from './event.ts';
import type { FlowKernel } from './kernel.ts';
import type { StoreSettings } from './store.ts';
import { FlowStore } from './store.ts';
import { Sweep, age, endForGood, rememberedUntil } from './sweep.ts';
import {
  hashEnd,
  hashFlow,
  keyKind,
  kindFamily6,
  kindFlagsShift,
  kindOutbound,
  kindTcp,
  kindWord,
  portsWord,
  rowWords,
} from './table.ts';

export interface MeterSettings extends StoreSettings {
  /** Has as many NICs, in the same order, as there are idle timeouts. */
  readonly network: CompiledNetwork;
  /**
   * Where given, every packet crosses NIC 0 whatever its addresses, and a flow whose destination alone is local is inbound, any other
   * outbound. Absent, a packet crosses the NICs that its addresses belong to.
   */
  readonly isLocal?: (family: number, words: Uint32Array, at: number) => boolean;
  /** Makes packets of its own batch fast. */
  readonly kernel?: FlowKernel | undefined;
}

/** What is different from now on. */
export interface NetworkChange {
  /** By NIC of the new network: its index in the one before, -1 for a NIC that is new. */
  readonly previousNic: Int32Array;
  /** Idle timeout of each NIC's flows, by new index; of flows that are open, too. */
  readonly idleTimeoutMillis: Float64Array;
  /** Whether the open flows of this NIC, by new index, are judged anew. Source: facts 4.3. */
  readonly flushed: (nic: number) => boolean;
}

/** Events that one packet can emit, eviction apart: at each of two NICs the end of the old flow and the begin of the new one. */
const eventsPerPacketMax = 4;
/** Searches for flows to evict that one packet can cause: for its NIC and for all together, at each of two NICs. */
const evictionsPerPacketMax = 4;

/**
 * Keeps the state of every flow at every NIC and turns packets into events. Time arrives with the packets: nothing happens between two
 * of them but through `advance`.
 *
 * A driver calls `observe` and takes the events whenever it stops short. When the next packet is at or past `boundaryMillis`, it calls
 * `advance` (taking the events until that says true), then `nextMinute`; at the end of the packets, `finish`. Events taken belong to the
 * flush at `boundaryMillis`, and are taken by setting `events.columns.count` to 0. Between two minutes the network may change: `endNics` for those
 * that are gone, then `changeNetwork`.
 */
export class FlowMeter {
  /** The next whole minute at which flows expire and events are flushed; NaN before the first packet. Never goes back. */
  boundaryMillis = Number.NaN;
  #network: CompiledNetwork;
  readonly #isLocal: MeterSettings['isLocal'];
  readonly #store: FlowStore;
  /** By decision. */
  #denies: Uint8Array;
  /** Of the batch being observed: the NICs that each packet crosses (-1: none), and the hash of its flow there. */
  readonly #sourceNic: Int32Array;
  readonly #destinationNic: Int32Array;
  readonly #sourceHash: Uint32Array;
  readonly #destinationHash: Uint32Array;
  readonly #guess = new Int32Array(2 * limits.batchPackets);
  /** Means nothing: it keeps the reads of `#prepare` from being left out as useless. */
  touched = 0;
  readonly #sweep = new Sweep();
  /** `undefined` where there is none, or more NICs than it takes. */
  #kernel: FlowKernel | undefined;
  /** A change of the network is under way: its flows are still being judged. */
  #changing = false;
  /** The network changed in the middle of a batch: what is known of its other packets is of the network before. */
  #hasChanged = false;

  constructor(settings: MeterSettings) {
    this.#network = settings.network;
    this.#isLocal = settings.isLocal;
    const { kernel } = settings;
    this.#store = new FlowStore(settings, kernel?.growTable);
    this.#sourceNic = kernel?.sourceNic ?? new Int32Array(limits.batchPackets);
    this.#destinationNic = kernel?.destinationNic ?? new Int32Array(limits.batchPackets);
    this.#sourceHash = kernel?.sourceHash ?? new Uint32Array(limits.batchPackets);
    this.#destinationHash = kernel?.destinationHash ?? new Uint32Array(limits.batchPackets);
    this.#kernel = kernel;
    this.#tellNics();
    this.#denies = deniesOf(settings.network);
    const { capacity } = this.#store.events;
    assert(capacity >= 4 * eventsPerPacketMax, 'the event buffer holds the events of a few packets');
  }

  get events(): FlowEvents {
    return this.#store.events;
  }

  get counts(): MeterCounts {
    this.#kernel?.takeCounts(this.#store.counts);
    return this.#store.counts;
  }

  /** Flows of all NICs: those open, denied, and ended ones that are remembered. */
  get flows(): number {
    return this.#store.table.size;
  }

  /**
   * Observes the packets from row `from` on; with `from` 0, a new batch of at most `limits.batchPackets`. Stops before the first packet
   * at or past the boundary, and where the event buffer might overflow. @returns the row it stopped at, `packets.count` when all were observed
   */
  observe(packets: PacketBatch, from: number): number {
    const { count, timeMillis } = packets;
    const kernel = packets === this.#kernel?.packets ? this.#kernel : undefined;
    if (from === 0 || this.#hasChanged) {
      this.#hasChanged = false;
      if (kernel === undefined) this.#prepare(packets);
      else kernel.prepare(count);
    }
    if (Number.isNaN(this.boundaryMillis) && from < count) this.#begin(timeMillis[from]);
    const boundary = this.boundaryMillis;
    const { counts, events, evictionsMax } = this.#store;
    const { columns } = events;
    const roomMax = events.capacity - evictionsPerPacketMax * evictionsMax - eventsPerPacketMax;
    for (let i = from; i < count; i++) {
      if (kernel !== undefined) {
        i = kernel.follow(i, count, boundary, this.#store.table.mask);
        if (i === count) return count;
      }
      if (timeMillis[i] >= boundary || columns.count > roomMax) return i;
      const sourceNic = this.#sourceNic[i];
      const destinationNic = this.#destinationNic[i];
      if (sourceNic < 0 && destinationNic < 0) {
        counts.packetsNoNic++;
        continue;
      }
      counts.packetsCounted++;
      counts.bytesCounted += packets.ipBytes[i];
      const ports = ((packets.sourcePort[i] << 16) | packets.destinationPort[i]) >>> 0;
      if (destinationNic < 0) {
        const hash = this.#sourceHash[i];
        if (!this.#follow(packets, i, ports, sourceNic, hash)) this.#crossOut(packets, i, ports, sourceNic, hash);
      } else {
        const hash = this.#destinationHash[i];
        if (sourceNic >= 0 && !this.#crossFirst(packets, i, ports, sourceNic, destinationNic)) continue;
        if (!this.#follow(packets, i, ports, destinationNic, hash))
          this.#crossIn(packets, i, ports, destinationNic, hash);
      }
    }
    return count;
  }

  /**
   * The short way for most packets: counts one that follows others of an open flow and changes nothing of its state.
   * @returns false, with nothing done, when it is not such a packet
   */
  #follow(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): boolean {
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpSyn | tcpFin | tcpRst)) !== 0) return false;
    const { table, counts, idleTimeoutMillis } = this.#store;
    const kind = keyKind(nic, packets.family[i], packets.protocol[i] === protocolTcp);
    const found = table.find(hash, packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return false;
    const row = found >>> 1;
    if ((table.columns.words[row * rowWords + kindWord] & (flowFlagsMask << kindFlagsShift)) !== 0) return false;
    const lastSeen = table.lastSeen(row);
    const now = packets.timeMillis[i];
    if (now >= lastSeen + idleTimeoutMillis[nic]) return false;
    if (now > lastSeen) table.setLastSeen(row, now);
    const ipBytes = packets.ipBytes[i];
    table.count(row, found & 1, ipBytes);
    counts.observedAllowed++;
    counts.bytesAllowed += ipBytes;
    return true;
  }

  #crossOut(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): void {
    this.#cross(packets, i, ports, nic, hash, directionOutbound, this.#findLive(packets, i, ports, nic, hash));
  }

  #crossIn(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): void {
    this.#cross(packets, i, ports, nic, hash, directionInbound, this.#findLive(packets, i, ports, nic, hash));
  }

  /**
   * Takes a packet from one NIC to another across the first: denied there, it is not judged at the second, nor does it open a flow where its
   * answer is denied.
   * @returns whether it goes on to the second
   */
  #crossFirst(packets: PacketBatch, i: number, ports: number, sourceNic: number, destinationNic: number): boolean {
    const hash = this.#sourceHash[i];
    if (this.#follow(packets, i, ports, sourceNic, hash)) return true;
    const found = this.#findLive(packets, i, ports, sourceNic, hash);
    if (found < 0) {
      const other = this.#findLive(packets, i, ports, destinationNic, this.#destinationHash[i]);
      if (other >= 0 && (this.#store.flagsOf(other >>> 1) & flowDenied) !== 0) {
        this.#count(packets, i, other);
        return false;
      }
    }
    return !this.#cross(packets, i, ports, sourceNic, hash, directionOutbound, found);
  }

  /**
   * Lets time pass to the boundary: flows end, continue and are forgotten, as `age` says.
   * @returns false when the event buffer is full first: take the events and call again
   */
  advance(): boolean {
    const store = this.#store;
    const now = this.boundaryMillis;
    const kernel = this.#kernel;
    const isTick = now % tickMillis === 0;
    const next = kernel === undefined ? undefined : (row: number) => kernel.scan(row, store.table.high, now, isTick);
    return this.#sweep.run(store, (row) => age(store, row, now), next);
  }

  /** Moves the boundary on by a minute, or, while there is no flow, to the minute after `timeMillis`, the next packet's time. */
  nextMinute(timeMillis: number): void {
    assert(this.events.columns.count === 0, 'the events of a minute are taken before the next minute begins');
    this.boundaryMillis += minuteMillis;
    if (timeMillis >= this.boundaryMillis && this.flows === 0) this.#begin(timeMillis);
  }

  /** Ends every open flow at its last packet's time, as when a capture ends. @returns false when the event buffer is full first: take the events and call again */
  finish(): boolean {
    return this.endNics(() => true);
  }

  /**
   * Ends the open flows of NICs at their last packets' times and forgets all of theirs, as when the NICs are removed.
   * @returns false when the event buffer is full first: take the events and call again
   */
  endNics(isGone: (nic: number) => boolean): boolean {
    const store = this.#store;
    return this.#sweep.run(store, (row) => {
      if (isGone(store.table.nicOf(row))) endForGood(store, row);
    });
  }

  /**
   * From now on the network is another one, whose `decisions` hold those in use at the same indices. Flows that are open keep their
   * decision and go on; where their NIC is flushed they are judged anew, and one that is denied now ends at its last packet (its next packet
   * begins a denied one). What was denied is judged anew at every NIC: no connection was made, so the next packet is a new attempt. NICs that are gone
   * have been ended before. Events held before must have been taken; those emitted bear the new numbers.
   * @returns false when the event buffer is full first: take the events and call again with the same arguments
   */
  changeNetwork(network: CompiledNetwork, change: NetworkChange): boolean {
    const store = this.#store;
    if (!this.#changing) {
      assert(store.events.columns.count === 0, 'the events of the old network are taken before the new one comes');
      assert(this.#isLocal === undefined, 'only a network with addresses changes');
      this.#network = network;
      this.#hasChanged = true;
      this.#denies = deniesOf(network);
      store.moveNics(nicAfterOf(change.previousNic, store.idleTimeoutMillis.length), change.idleTimeoutMillis);
      this.#tellNics();
    }
    this.#changing = !this.#sweep.run(store, (row) => this.#judgeAnew(row, change.flushed));
    return !this.#changing;
  }

  /** By decision: 1 where a flow in memory has it, or an event that was not taken. The indices of the others may come to mean something else. */
  decisionsInUse(): Uint8Array {
    const { table, events } = this.#store;
    const used = new Uint8Array(this.#network.decisions.length);
    for (let row = 0; row < table.high; row++) if (table.isUsed(row)) used[table.columns.decisions[row]] = 1;
    for (let row = 0; row < events.columns.count; row++) used[events.columns.group[row]] = 1;
    return used;
  }

  #judgeAnew(row: number, flushed: NetworkChange['flushed']): void {
    const store = this.#store;
    const nic = store.table.nicOf(row);
    const flags = store.flagsOf(row);
    if ((flags & flowEnded) !== 0) return;
    const wasDenied = (flags & flowDenied) !== 0;
    if (!wasDenied && !flushed(nic)) return;
    const isDenied = this.#denies[this.#decide(row)] === 1;
    if (wasDenied && !isDenied) store.remove(row);
    else if (!wasDenied && isDenied) store.end(row, store.table.lastSeen(row));
  }

  /** Without the kernel from now on where it has no room for all NICs. */
  #tellNics(): void {
    const table = this.#isLocal === undefined ? this.#network.nicTable : undefined;
    if (this.#kernel?.setNics(table, this.#store.idleTimeoutMillis) !== false) return;
    this.#kernel.takeCounts(this.#store.counts);
    this.#kernel = undefined;
  }

  /** What the network decides about a flow in memory. */
  #decide(row: number): number {
    const { words } = this.#store.table.columns;
    const at = row * rowWords;
    const kind = words[at + kindWord];
    const ports = words[at + portsWord];
    return this.#network.decide(
      this.#store.table.nicOf(row),
      (kind & kindOutbound) !== 0 ? directionOutbound : directionInbound,
      (kind & kindFamily6) !== 0 ? 6 : 4,
      (kind & kindTcp) !== 0 ? protocolTcp : protocolUdp,
      words[at],
      words[at + 1],
      words[at + 2],
      words[at + 3],
      ports >>> 16,
      words[at + 4],
      words[at + 5],
      words[at + 6],
      words[at + 7],
      ports & 0xffff,
    );
  }

  #begin(timeMillis: number): void {
    this.boundaryMillis = (Math.floor(timeMillis / minuteMillis) + 1) * minuteMillis;
  }

  /**
   * Finds the NICs and the hashes of every packet of a batch, then touches all the rows that will be looked up, so that the waits for memory overlap:
   * docs/decisions/0008-flow-table.md has the numbers.
   */
  #prepare(packets: PacketBatch): void {
    const network = this.#network;
    const isLocal = this.#isLocal;
    const { count, family, source, destination, protocol } = packets;
    const sourceNics = this.#sourceNic;
    const destinationNics = this.#destinationNic;
    const sourceHashes = this.#sourceHash;
    const destinationHashes = this.#destinationHash;
    assert(count <= sourceHashes.length, 'a batch has no more packets than the limit');
    for (let i = 0; i < count; i++) {
      const at = 4 * i;
      const s0 = source[at];
      const s1 = source[at + 1];
      const s2 = source[at + 2];
      const s3 = source[at + 3];
      const d0 = destination[at];
      const d1 = destination[at + 1];
      const d2 = destination[at + 2];
      const d3 = destination[at + 3];
      const ends =
        (hashEnd(s0, s1, s2, s3, packets.sourcePort[i]) + hashEnd(d0, d1, d2, d3, packets.destinationPort[i])) | 0;
      const from = isLocal === undefined ? network.nicOf(family[i], s0, s1, s2, s3) : 0;
      const to = isLocal === undefined ? network.nicOf(family[i], d0, d1, d2, d3) : -1;
      const isTcp = protocol[i] === protocolTcp;
      sourceNics[i] = from;
      if (from >= 0) sourceHashes[i] = hashFlow(ends, keyKind(from, family[i], isTcp));
      destinationNics[i] = to === from ? -1 : to;
      if (to >= 0) destinationHashes[i] = hashFlow(ends, keyKind(to, family[i], isTcp));
    }
    const { table } = this.#store;
    const guesses = this.#guess;
    for (let i = 0; i < count; i++) {
      guesses[2 * i] = sourceNics[i] >= 0 ? table.guess(sourceHashes[i]) : -1;
      guesses[2 * i + 1] = destinationNics[i] >= 0 ? table.guess(destinationHashes[i]) : -1;
    }
    let touched = 0;
    for (let i = 0; i < 2 * count; i++) touched ^= table.touch(guesses[i]);
    this.touched ^= touched;
  }

  /** As `FlowTable.find`, but a flow that was idle for its timeout has ended by now, or is forgotten. */
  #findLive(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): number {
    const store = this.#store;
    const { table } = store;
    const kind = keyKind(nic, packets.family[i], packets.protocol[i] === protocolTcp);
    const found = table.find(hash, packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return found;
    const row = found >>> 1;
    const timeout = store.idleTimeoutMillis[nic];
    const lastSeen = table.lastSeen(row);
    const expiry = lastSeen + timeout;
    const now = packets.timeMillis[i];
    if (now < expiry) return found;
    if (store.isOpen(row)) {
      store.end(row, isClosed(store.flagsOf(row)) ? lastSeen : expiry);
      if ((kind & kindTcp) === 0) return -1;
    }
    const flags = store.flagsOf(row);
    if ((flags & flowEnded) !== 0 && now < rememberedUntil(flags, lastSeen, timeout)) return found;
    store.remove(row);
    return -1;
  }

  /** Takes a packet across a NIC, opening a flow where there is none. @returns whether the NIC denies it */
  #cross(
    packets: PacketBatch,
    i: number,
    ports: number,
    nic: number,
    hash: number,
    direction: number,
    found: number,
  ): boolean {
    const store = this.#store;
    let place = found;
    if (place < 0) {
      place = this.#open(packets, i, ports, nic, hash, direction, this.#initiator(packets, i));
    } else if (packets.protocol[i] === protocolTcp) {
      const row = place >>> 1;
      const flags = store.flagsOf(row);
      const opening = isOpening(packets.tcpFlags[i]);
      const ended = (flags & flowEnded) !== 0;
      if (ended || (opening && isClosed(flags) && (flags & flowDenied) === 0)) {
        if (!ended) store.end(row, store.table.lastSeen(row));
        store.remove(row);
        place = this.#open(packets, i, ports, nic, hash, direction, opening ? 0 : place & 1);
      }
    }
    return this.#count(packets, i, place);
  }

  #initiator(packets: PacketBatch, i: number): number {
    if (packets.protocol[i] !== protocolTcp) return 0;
    const initiator = tcpInitiator(packets.tcpFlags[i], packets.sourcePort[i], packets.destinationPort[i]);
    if (initiator === initiatorGuessedSource || initiator === initiatorGuessedDestination)
      this.#store.counts.initiatorsGuessed++;
    return initiator === initiatorIsDestination || initiator === initiatorGuessedDestination ? 1 : 0;
  }

  /** Opens a flow; with `reversed` 1 the packet's destination is its initiator. @returns `2 * row + reversed` */
  #open(
    packets: PacketBatch,
    i: number,
    ports: number,
    nic: number,
    hash: number,
    packetDirection: number,
    reversed: number,
  ): number {
    const isLocal = this.#isLocal;
    const store = this.#store;
    store.makeRoom(nic);
    const at = 4 * i;
    const source = reversed === 0 ? packets.source : packets.destination;
    const destination = reversed === 0 ? packets.destination : packets.source;
    const flowPorts = reversed === 0 ? ports : ((ports << 16) | (ports >>> 16)) >>> 0;
    const family = packets.family[i];
    const protocol = packets.protocol[i];
    let direction = reversed === 0 ? packetDirection : 1 - packetDirection;
    if (isLocal !== undefined)
      direction =
        isLocal(family, destination, at) && !isLocal(family, source, at) ? directionInbound : directionOutbound;
    const decision = this.#network.decide(
      nic,
      direction,
      family,
      protocol,
      source[at],
      source[at + 1],
      source[at + 2],
      source[at + 3],
      flowPorts >>> 16,
      destination[at],
      destination[at + 1],
      destination[at + 2],
      destination[at + 3],
      flowPorts & 0xffff,
    );
    const denied = this.#denies[decision] === 1;
    const kind =
      (keyKind(nic, family, protocol === protocolTcp) |
        (direction === directionOutbound ? kindOutbound : 0) |
        (denied ? flowDenied << kindFlagsShift : 0)) >>>
      0;
    const time = packets.timeMillis[i];
    const row = store.insert(nic, hash, source, destination, at, flowPorts, kind, decision, time);
    if (denied) store.counts.flowsDenied++;
    else store.counts.flowsAllowed++;
    store.emit(row, denied ? stateDenied : stateBegin, time);
    return 2 * row + reversed;
  }

  /** Adds a packet to its flow. @returns whether the flow is denied */
  #count(packets: PacketBatch, i: number, place: number): boolean {
    const store = this.#store;
    const { table, counts } = store;
    const row = place >>> 1;
    if (packets.timeMillis[i] > table.lastSeen(row)) table.setLastSeen(row, packets.timeMillis[i]);
    const flags = store.flagsOf(row);
    if ((flags & flowDenied) !== 0) {
      counts.observedDenied++;
      return true;
    }
    table.count(row, place & 1, packets.ipBytes[i]);
    counts.observedAllowed++;
    counts.bytesAllowed += packets.ipBytes[i];
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpFin | tcpRst)) !== 0) store.addFlags(row, withTcpFlags(flags, tcpFlags, (place & 1) === 1));
    return false;
  }
}

function deniesOf(network: CompiledNetwork): Uint8Array {
  return Uint8Array.from(network.decisions, ({ access }) => (access === 'deny' ? 1 : 0));
}

/** By old number the new one, -1 for a NIC that is gone. */
function nicAfterOf(previousNic: Int32Array, nicsBefore: number): Int32Array {
  const after = new Int32Array(nicsBefore).fill(-1);
  previousNic.forEach((before, nic) => {
    if (before >= 0) after[before] = nic;
  });
  return after;
}
