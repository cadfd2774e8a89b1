import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { minuteMillis, tickMillis } from '../base/time.ts';
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
} from '../flowlog/tuple.ts';
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
import type { FlowEvents } from './event.ts';
import { createFlowEvents } from './event.ts';
import {
  FlowTable,
  decisionsMax,
  hashEnd,
  hashFlow,
  kindDecisionShift,
  kindFamily6,
  kindFlagsShift,
  kindOutbound,
  kindTcp,
  kindWord,
  portsWord,
  rowWords,
} from './table.ts';

export interface MeterSettings {
  readonly network: CompiledNetwork;
  /** Idle timeout of each NIC's flows, in the network's order of NICs. */
  readonly idleTimeoutMillis: Float64Array;
  /**
   * Where given, every packet crosses NIC 0 whatever its addresses, and a flow whose destination alone is local is inbound, any other
   * outbound. Absent, a packet crosses the NICs that its addresses belong to.
   */
  readonly isLocal?: (family: number, words: Uint32Array, at: number) => boolean;
  /** Rows of the event buffer; the default is `limits.eventsMax`. */
  readonly eventsMax?: number;
  /** Concurrent flows of one NIC; the default is `limits.flowsPerNicMax`. */
  readonly flowsPerNicMax?: number;
}

/** What a meter saw, since it was made. `packets` are those of the batches given. */
export interface MeterCounts {
  /** Packets seen at one NIC or more, and their IP bytes. */
  packetsCounted: number;
  bytesCounted: number;
  /** Packets whose addresses belong to no NIC. */
  packetsNoNic: number;
  /** Observations: one for each NIC that a packet crosses. */
  observedAllowed: number;
  observedDenied: number;
  /** IP bytes of the observations in allowed flows. */
  bytesAllowed: number;
  flowsAllowed: number;
  flowsDenied: number;
  /** Flows whose initiator was not seen, so that ports decided. */
  initiatorsGuessed: number;
  /** Flows ended early because their NIC had too many. */
  flowsEvicted: number;
}

/** Events that one packet can emit, eviction apart: at each of two NICs the end of the old flow and the begin of the new one. */
const eventsPerPacketMax = 4;

/**
 * Keeps the state of every flow at every NIC and turns packets into events. Time arrives with the packets: nothing happens between two
 * of them but through `advance`.
 *
 * A driver calls `observe` and takes the events whenever it stops short. When the next packet is at or past `boundaryMillis`, it calls
 * `advance` (taking the events until that says true), then `nextMinute`; at the end of the packets, `finish`. Events taken belong to the
 * flush at `boundaryMillis`, and are taken by setting `events.columns.count` to 0.
 */
export class FlowMeter {
  readonly events: FlowEvents;
  readonly counts: MeterCounts = {
    packetsCounted: 0,
    bytesCounted: 0,
    packetsNoNic: 0,
    observedAllowed: 0,
    observedDenied: 0,
    bytesAllowed: 0,
    flowsAllowed: 0,
    flowsDenied: 0,
    initiatorsGuessed: 0,
    flowsEvicted: 0,
  };
  /** The next whole minute at which flows expire and events are flushed; NaN before the first packet. Never goes back. */
  boundaryMillis = Number.NaN;
  readonly #settings: MeterSettings;
  /** By NIC. */
  readonly #tables: readonly FlowTable[];
  readonly #denies: Uint8Array;
  readonly #flowsPerNicMax: number;
  readonly #evictions: number;
  /** Of the batch being observed: the NICs that each packet crosses (-1: none), and the hash of its flow. */
  readonly #sourceNic = new Int32Array(limits.batchPackets);
  readonly #destinationNic = new Int32Array(limits.batchPackets);
  readonly #hash = new Uint32Array(limits.batchPackets);
  readonly #guess = new Int32Array(2 * limits.batchPackets);
  /** Means nothing: it keeps the reads of `#prepare` from being left out as useless. */
  touched = 0;
  /** Where an interrupted `advance` or `finish` goes on. */
  #sweepNic = 0;
  #sweepRow = 0;

  constructor(settings: MeterSettings) {
    const { network } = settings;
    assert(network.decisions.length < decisionsMax, 'rules of all NSGs fit into the kind of a flow');
    this.#settings = settings;
    this.#tables = Array.from(settings.idleTimeoutMillis, () => new FlowTable());
    this.#denies = Uint8Array.from(network.decisions, ({ access }) => (access === 'deny' ? 1 : 0));
    this.#flowsPerNicMax = settings.flowsPerNicMax ?? limits.flowsPerNicMax;
    const eventsMax = settings.eventsMax ?? limits.eventsMax;
    this.#evictions = Math.max(1, Math.min(Math.floor(this.#flowsPerNicMax / 16), Math.floor(eventsMax / 8)));
    assert(eventsMax >= 4 * eventsPerPacketMax, 'the event buffer holds the events of a few packets');
    this.events = createFlowEvents(eventsMax);
  }

  /** Flows in all tables: those open, denied, and ended ones that are remembered. */
  get flows(): number {
    return this.#tables.reduce((sum, table) => sum + table.size, 0);
  }

  /**
   * Observes the packets from row `from` on; with `from` 0, a new batch of at most `limits.batchPackets`. Stops before the first packet
   * at or past the boundary, and where the event buffer might overflow. @returns the row it stopped at, `packets.count` when all were observed
   */
  observe(packets: PacketBatch, from: number): number {
    const { count, timeMillis } = packets;
    if (from === 0) this.#prepare(packets);
    if (Number.isNaN(this.boundaryMillis) && from < count) this.#begin(timeMillis[from]);
    const boundary = this.boundaryMillis;
    const { counts } = this;
    const { columns } = this.events;
    const roomMax = this.events.capacity - 2 * this.#evictions - eventsPerPacketMax;
    for (let i = from; i < count; i++) {
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
      if (sourceNic < 0 || destinationNic < 0) {
        const nic = sourceNic < 0 ? destinationNic : sourceNic;
        if (!this.#follow(packets, i, ports, nic)) {
          const found = this.#findLive(packets, i, ports, nic);
          this.#cross(packets, i, ports, nic, sourceNic < 0 ? directionInbound : directionOutbound, found);
        }
      } else if (!this.#follow(packets, i, ports, sourceNic)) {
        this.#crossBoth(packets, i, ports, sourceNic, destinationNic);
      } else if (!this.#follow(packets, i, ports, destinationNic)) {
        this.#cross(
          packets,
          i,
          ports,
          destinationNic,
          directionInbound,
          this.#findLive(packets, i, ports, destinationNic),
        );
      }
    }
    return count;
  }

  /**
   * The short way for most packets: counts one that follows others of an open flow and changes nothing of its state.
   * @returns false, with nothing done, when it is not such a packet
   */
  #follow(packets: PacketBatch, i: number, ports: number, nic: number): boolean {
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpSyn | tcpFin | tcpRst)) !== 0) return false;
    const table = this.#tables[nic];
    const kind = keyKind(packets.family[i], packets.protocol[i]);
    const found = table.find(this.#hash[i], packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return false;
    const row = found >>> 1;
    if ((table.words[row * rowWords + kindWord] & (flowFlagsMask << kindFlagsShift)) !== 0) return false;
    const lastSeen = table.lastSeen(row);
    const now = packets.timeMillis[i];
    if (now - lastSeen >= this.#settings.idleTimeoutMillis[nic]) return false;
    if (now > lastSeen) table.setLastSeen(row, now);
    const ipBytes = packets.ipBytes[i];
    table.count(row, found & 1, ipBytes);
    this.counts.observedAllowed++;
    this.counts.bytesAllowed += ipBytes;
    return true;
  }

  /** Takes a packet from one NIC to another: denied at the first, it is not judged at the second, nor does it open a flow where its answer is denied. */
  #crossBoth(packets: PacketBatch, i: number, ports: number, sourceNic: number, destinationNic: number): void {
    const found = this.#findLive(packets, i, ports, sourceNic);
    if (found < 0) {
      const other = this.#findLive(packets, i, ports, destinationNic);
      if (other >= 0 && (this.#flagsOf(destinationNic, other >>> 1) & flowDenied) !== 0) {
        this.#count(packets, i, destinationNic, other);
        return;
      }
    }
    if (this.#cross(packets, i, ports, sourceNic, directionOutbound, found)) return;
    this.#cross(packets, i, ports, destinationNic, directionInbound, this.#findLive(packets, i, ports, destinationNic));
  }

  /**
   * Lets time pass to the boundary: flows idle for their timeout end at its expiry, closed ones end at their last packet, and on the
   * 5-minute tick every open flow continues. Source of the times: facts 1.6.
   * @returns false when the event buffer is full first: take the events and call again
   */
  advance(): boolean {
    const now = this.boundaryMillis;
    const tick = now % tickMillis === 0;
    return this.#sweep((nic, row) => {
      const table = this.#tables[nic];
      const timeout = this.#settings.idleTimeoutMillis[nic];
      const flags = this.#flagsOf(nic, row);
      const lastSeen = table.lastSeen(row);
      const expiry = lastSeen + timeout;
      if ((flags & flowEnded) !== 0) {
        if (rememberedUntil(flags, lastSeen, timeout) <= now) table.remove(row);
      } else if ((flags & flowDenied) !== 0) {
        if (expiry <= now) table.remove(row);
      } else if (isClosed(flags)) {
        this.#end(nic, row, lastSeen);
      } else if (expiry <= now) {
        this.#end(nic, row, expiry);
      } else if (tick) {
        this.#emit(nic, row, stateContinuing, now);
      }
    });
  }

  /** Moves the boundary on by a minute, or, while there is no flow, to the minute after `timeMillis`, the next packet's time. */
  nextMinute(timeMillis: number): void {
    assert(this.events.columns.count === 0, 'the events of a minute are taken before the next minute begins');
    this.boundaryMillis += minuteMillis;
    if (timeMillis >= this.boundaryMillis && this.flows === 0) this.#begin(timeMillis);
  }

  /** Ends every open flow at its last packet's time, as when a capture ends. @returns false when the event buffer is full first: take the events and call again */
  finish(): boolean {
    return this.#sweep((nic, row) => {
      const table = this.#tables[nic];
      if ((this.#flagsOf(nic, row) & (flowEnded | flowDenied)) === 0)
        this.#emit(nic, row, stateEnd, table.lastSeen(row));
      table.remove(row);
    });
  }

  /** Visits every flow, in order of NICs and rows; one visit emits one event at the most. @returns false when it must go on later */
  #sweep(visit: (nic: number, row: number) => void): boolean {
    const { columns, capacity } = this.events;
    for (let nic = this.#sweepNic; nic < this.#tables.length; nic++) {
      const table = this.#tables[nic];
      for (let row = this.#sweepRow; row < table.high; row++) {
        if (!table.isUsed(row)) continue;
        if (columns.count === capacity) {
          this.#sweepNic = nic;
          this.#sweepRow = row;
          return false;
        }
        visit(nic, row);
      }
      this.#sweepRow = 0;
    }
    this.#sweepNic = 0;
    return true;
  }

  #begin(timeMillis: number): void {
    this.boundaryMillis = (Math.floor(timeMillis / minuteMillis) + 1) * minuteMillis;
  }

  /**
   * Finds the NICs and the hash of every packet of a batch, then touches all the rows that will be looked up, so that the waits for memory overlap:
   * docs/decisions/0008-flow-table.md has the numbers.
   */
  #prepare(packets: PacketBatch): void {
    const { network, isLocal } = this.#settings;
    const { count, family, source, destination, protocol } = packets;
    const sourceNics = this.#sourceNic;
    const destinationNics = this.#destinationNic;
    const hashes = this.#hash;
    assert(count <= hashes.length, 'a batch has no more packets than the limit');
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
      hashes[i] = hashFlow(ends, keyKind(family[i], protocol[i]));
      if (isLocal === undefined) {
        const from = network.nicOf(family[i], s0, s1, s2, s3);
        const to = network.nicOf(family[i], d0, d1, d2, d3);
        sourceNics[i] = from;
        destinationNics[i] = to === from ? -1 : to;
      } else {
        sourceNics[i] = 0;
        destinationNics[i] = -1;
      }
    }
    const tables = this.#tables;
    const guesses = this.#guess;
    for (let i = 0; i < count; i++) {
      if (sourceNics[i] >= 0) guesses[2 * i] = tables[sourceNics[i]].guess(hashes[i]);
      if (destinationNics[i] >= 0) guesses[2 * i + 1] = tables[destinationNics[i]].guess(hashes[i]);
    }
    let touched = 0;
    for (let i = 0; i < count; i++) {
      if (sourceNics[i] >= 0) touched ^= tables[sourceNics[i]].touch(guesses[2 * i]);
      if (destinationNics[i] >= 0) touched ^= tables[destinationNics[i]].touch(guesses[2 * i + 1]);
    }
    this.touched ^= touched;
  }

  /** As `FlowTable.find`, but a flow that was idle for its timeout has ended by now, or is forgotten. */
  #findLive(packets: PacketBatch, i: number, ports: number, nic: number): number {
    const table = this.#tables[nic];
    const kind = keyKind(packets.family[i], packets.protocol[i]);
    const found = table.find(this.#hash[i], packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return found;
    const row = found >>> 1;
    const timeout = this.#settings.idleTimeoutMillis[nic];
    const lastSeen = table.lastSeen(row);
    const expiry = lastSeen + timeout;
    const now = packets.timeMillis[i];
    if (now < expiry) return found;
    if ((this.#flagsOf(nic, row) & (flowEnded | flowDenied)) === 0) {
      this.#end(nic, row, isClosed(this.#flagsOf(nic, row)) ? lastSeen : expiry);
      if ((kind & kindTcp) === 0) return -1;
    }
    const flags = this.#flagsOf(nic, row);
    if ((flags & flowEnded) !== 0 && now < rememberedUntil(flags, lastSeen, timeout)) return found;
    table.remove(row);
    return -1;
  }

  /** Takes a packet across a NIC, opening a flow where there is none. @returns whether the NIC denies it */
  #cross(packets: PacketBatch, i: number, ports: number, nic: number, direction: number, found: number): boolean {
    let place = found;
    if (place < 0) {
      place = this.#open(packets, i, ports, nic, direction, this.#initiator(packets, i));
    } else if (packets.protocol[i] === protocolTcp) {
      const row = place >>> 1;
      const flags = this.#flagsOf(nic, row);
      const opening = isOpening(packets.tcpFlags[i]);
      const ended = (flags & flowEnded) !== 0;
      if (ended || (opening && isClosed(flags) && (flags & flowDenied) === 0)) {
        const table = this.#tables[nic];
        if (!ended) this.#end(nic, row, table.lastSeen(row));
        table.remove(row);
        place = this.#open(packets, i, ports, nic, direction, opening ? 0 : place & 1);
      }
    }
    return this.#count(packets, i, nic, place);
  }

  #initiator(packets: PacketBatch, i: number): number {
    if (packets.protocol[i] !== protocolTcp) return 0;
    const initiator = tcpInitiator(packets.tcpFlags[i], packets.sourcePort[i], packets.destinationPort[i]);
    if (initiator === initiatorGuessedSource || initiator === initiatorGuessedDestination)
      this.counts.initiatorsGuessed++;
    return initiator === initiatorIsDestination || initiator === initiatorGuessedDestination ? 1 : 0;
  }

  /** Opens a flow; with `reversed` 1 the packet's destination is its initiator. @returns `2 * row + reversed` */
  #open(
    packets: PacketBatch,
    i: number,
    ports: number,
    nic: number,
    packetDirection: number,
    reversed: number,
  ): number {
    const { network, isLocal } = this.#settings;
    const table = this.#tables[nic];
    if (table.size >= this.#flowsPerNicMax) this.#evict(nic);
    const at = 4 * i;
    const source = reversed === 0 ? packets.source : packets.destination;
    const destination = reversed === 0 ? packets.destination : packets.source;
    const flowPorts = reversed === 0 ? ports : ((ports << 16) | (ports >>> 16)) >>> 0;
    const family = packets.family[i];
    let direction = reversed === 0 ? packetDirection : 1 - packetDirection;
    if (isLocal !== undefined)
      direction =
        isLocal(family, destination, at) && !isLocal(family, source, at) ? directionInbound : directionOutbound;
    const decision = network.decide(
      nic,
      direction,
      family,
      packets.protocol[i],
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
      ((decision << kindDecisionShift) |
        (direction === directionOutbound ? kindOutbound : 0) |
        (denied ? flowDenied << kindFlagsShift : 0) |
        keyKind(family, packets.protocol[i])) >>>
      0;
    const time = packets.timeMillis[i];
    const row = table.insert(this.#hash[i], source, destination, at, flowPorts, kind, time);
    if (denied) this.counts.flowsDenied++;
    else this.counts.flowsAllowed++;
    this.#emit(nic, row, denied ? stateDenied : stateBegin, time);
    return 2 * row + reversed;
  }

  /** Adds a packet to its flow. @returns whether the flow is denied */
  #count(packets: PacketBatch, i: number, nic: number, place: number): boolean {
    const { counts } = this;
    const table = this.#tables[nic];
    const row = place >>> 1;
    if (packets.timeMillis[i] > table.lastSeen(row)) table.setLastSeen(row, packets.timeMillis[i]);
    const flags = this.#flagsOf(nic, row);
    if ((flags & flowDenied) !== 0) {
      counts.observedDenied++;
      return true;
    }
    table.count(row, place & 1, packets.ipBytes[i]);
    counts.observedAllowed++;
    counts.bytesAllowed += packets.ipBytes[i];
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpFin | tcpRst)) !== 0)
      this.#setFlags(nic, row, withTcpFlags(flags, tcpFlags, (place & 1) === 1));
    return false;
  }

  #flagsOf(nic: number, row: number): number {
    return (this.#tables[nic].words[row * rowWords + kindWord] >>> kindFlagsShift) & flowFlagsMask;
  }

  /** Adds bits to those that a flow has. */
  #setFlags(nic: number, row: number, flags: number): void {
    this.#tables[nic].words[row * rowWords + kindWord] |= flags << kindFlagsShift;
  }

  /** Emits a flow's end. TCP is remembered; UDP has nothing to remember. */
  #end(nic: number, row: number, timeMillis: number): void {
    const table = this.#tables[nic];
    this.#emit(nic, row, stateEnd, timeMillis);
    if ((table.words[row * rowWords + kindWord] & kindTcp) !== 0) this.#setFlags(nic, row, flowEnded);
    else table.remove(row);
  }

  /** Makes room at a NIC: the flows idle longest end early, a sixteenth of the limit at once, so that the search pays. */
  #evict(nic: number): void {
    const table = this.#tables[nic];
    const idle: number[] = [];
    for (let row = 0; row < table.high; row++) if (table.isUsed(row)) idle.push(row);
    idle.sort((a, b) => table.lastSeen(a) - table.lastSeen(b) || a - b);
    for (const row of idle.slice(0, this.#evictions)) {
      if ((this.#flagsOf(nic, row) & (flowEnded | flowDenied)) === 0) {
        this.#emit(nic, row, stateEnd, table.lastSeen(row));
        this.counts.flowsEvicted++;
      }
      table.remove(row);
    }
  }

  /** Writes an event with the counters since the flow's last one, which begin and denied do not have, and sets them to zero. */
  #emit(nic: number, row: number, state: number, timeMillis: number): void {
    const { columns } = this.events;
    const table = this.#tables[nic];
    const { words } = table;
    const event = columns.count++;
    const key = row * rowWords;
    const kind = words[key + kindWord];
    const { source, destination } = columns;
    for (let i = 0; i < 4; i++) {
      source[4 * event + i] = words[key + i];
      destination[4 * event + i] = words[key + 4 + i];
    }
    columns.timeMillis[event] = timeMillis;
    columns.family[event] = (kind & kindFamily6) !== 0 ? 6 : 4;
    columns.sourcePort[event] = words[key + portsWord] >>> 16;
    columns.destinationPort[event] = words[key + portsWord] & 0xffff;
    columns.protocol[event] = (kind & kindTcp) !== 0 ? protocolTcp : protocolUdp;
    columns.direction[event] = (kind & kindOutbound) !== 0 ? directionOutbound : directionInbound;
    columns.access[event] = state === stateDenied ? accessDeny : accessAllow;
    columns.state[event] = state;
    columns.encryption[event] = 0;
    columns.group[event] = kind >>> kindDecisionShift;
    this.events.nic[event] = nic;
    const counted = state === stateContinuing || state === stateEnd;
    columns.packetsForward[event] = counted ? table.counter(row, 0) : Number.NaN;
    columns.bytesForward[event] = counted ? table.counter(row, 1) : Number.NaN;
    columns.packetsReverse[event] = counted ? table.counter(row, 2) : Number.NaN;
    columns.bytesReverse[event] = counted ? table.counter(row, 3) : Number.NaN;
    if (counted) table.clearCounters(row);
  }
}

/** The key bits of a flow's kind. */
function keyKind(family: number, protocol: number): number {
  return (family === 6 ? kindFamily6 : 0) | (protocol === protocolTcp ? kindTcp : 0);
}

/**
 * How long an ended TCP flow is remembered: a closed one for its idle timeout after the last packet, one that ended by its timeout for as long
 * again.
 */
function rememberedUntil(flags: number, lastSeen: number, timeout: number): number {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}
