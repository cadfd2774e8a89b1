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
import { protocolTcp } from '../net/protocol.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import {
  flowDenied,
  flowEnded,
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
import { FlowTable, hashEnd, hashFlow, keyWords, scopeWord } from './table.ts';

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

/** Events that one packet can emit at one NIC, eviction apart: the end of the old flow and the begin of the new one. */
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
  readonly table = new FlowTable();
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
  readonly #denies: Uint8Array;
  readonly #flowsOfNic: Uint32Array;
  readonly #flowsPerNicMax: number;
  readonly #evictions: number;
  /** Where an interrupted `advance` or `finish` goes on; 0 when none was interrupted. */
  #sweepId = 0;

  constructor(settings: MeterSettings) {
    const nics = settings.idleTimeoutMillis.length;
    this.#settings = settings;
    this.#denies = Uint8Array.from(settings.network.decisions, ({ access }) => (access === 'deny' ? 1 : 0));
    this.#flowsOfNic = new Uint32Array(nics);
    this.#flowsPerNicMax = settings.flowsPerNicMax ?? limits.flowsPerNicMax;
    const eventsMax = settings.eventsMax ?? limits.eventsMax;
    this.#evictions = Math.max(1, Math.min(Math.floor(this.#flowsPerNicMax / 16), Math.floor(eventsMax / 8)));
    assert(eventsMax >= 4 * eventsPerPacketMax, 'the event buffer holds the events of a few packets');
    this.events = createFlowEvents(eventsMax);
  }

  /**
   * Observes the packets from row `from` on. Stops before the first packet at or past the boundary, and where the event buffer
   * might overflow. @returns the row it stopped at, `packets.count` when all were observed
   */
  observe(packets: PacketBatch, from: number): number {
    const { network, isLocal } = this.#settings;
    const { count, timeMillis, family, source, destination, protocol } = packets;
    const counts = this.counts;
    const roomMax = this.events.capacity - 2 * this.#evictions - eventsPerPacketMax;
    if (Number.isNaN(this.boundaryMillis) && from < count) this.#begin(timeMillis[from]);
    const boundary = this.boundaryMillis;
    for (let i = from; i < count; i++) {
      if (timeMillis[i] >= boundary || this.events.columns.count > roomMax) return i;
      const at = 4 * i;
      const ports = ((packets.sourcePort[i] << 16) | packets.destinationPort[i]) >>> 0;
      const ends =
        (hashEnd(source[at], source[at + 1], source[at + 2], source[at + 3], ports >>> 16) +
          hashEnd(destination[at], destination[at + 1], destination[at + 2], destination[at + 3], ports & 0xffff)) |
        0;
      let sourceNic = 0;
      let destinationNic = -1;
      if (isLocal === undefined) {
        sourceNic = network.nicOf(family[i], source[at], source[at + 1], source[at + 2], source[at + 3]);
        destinationNic = network.nicOf(
          family[i],
          destination[at],
          destination[at + 1],
          destination[at + 2],
          destination[at + 3],
        );
        if (destinationNic === sourceNic) destinationNic = -1;
        if (sourceNic < 0 && destinationNic < 0) {
          counts.packetsNoNic++;
          continue;
        }
      }
      counts.packetsCounted++;
      counts.bytesCounted += packets.ipBytes[i];
      const scope = scopeWord(0, family[i], protocol[i]);
      if (sourceNic >= 0) {
        const sourceScope = (scope | (sourceNic << 9)) >>> 0;
        const hash = hashFlow(ends, sourceScope);
        const found = this.#findLive(packets, i, ports, sourceScope, hash, sourceNic);
        if (found < 0 && destinationNic >= 0) {
          const otherScope = (scope | (destinationNic << 9)) >>> 0;
          const otherHash = hashFlow(ends, otherScope);
          const other = this.#findLive(packets, i, ports, otherScope, otherHash, destinationNic);
          if (other >= 0 && (this.table.flags[other >>> 1] & flowDenied) !== 0) {
            this.#count(packets, i, other);
            continue;
          }
        }
        if (this.#cross(packets, i, ports, sourceScope, hash, sourceNic, directionOutbound, found)) continue;
      }
      if (destinationNic >= 0) {
        const destinationScope = (scope | (destinationNic << 9)) >>> 0;
        const hash = hashFlow(ends, destinationScope);
        const found = this.#findLive(packets, i, ports, destinationScope, hash, destinationNic);
        this.#cross(packets, i, ports, destinationScope, hash, destinationNic, directionInbound, found);
      }
    }
    return count;
  }

  /**
   * Lets time pass to the boundary: flows idle for their timeout end at its expiry, closed ones end at their last packet, and on the
   * 5-minute tick every open flow continues. Source of the times: facts 1.6.
   * @returns false when the event buffer is full first: take the events and call again
   */
  advance(): boolean {
    const now = this.boundaryMillis;
    const tick = now % tickMillis === 0;
    const { table } = this;
    const { flags, lastSeen } = table;
    const timeouts = this.#settings.idleTimeoutMillis;
    const room = this.events.capacity - 2;
    for (let id = this.#sweepId; id < table.high; id++) {
      if (table.hashes[id] === 0) continue;
      if (this.events.columns.count > room) {
        this.#sweepId = id;
        return false;
      }
      const timeout = timeouts[table.keys[id * keyWords + 9] >>> 9];
      const expiry = lastSeen[id] + timeout;
      if ((flags[id] & flowEnded) !== 0) {
        if (rememberedUntil(flags[id], lastSeen[id], timeout) <= now) this.#forget(id);
      } else if ((flags[id] & flowDenied) !== 0) {
        if (expiry <= now) this.#forget(id);
      } else if (isClosed(flags[id])) {
        this.#end(id, lastSeen[id]);
      } else if (expiry <= now) {
        this.#end(id, expiry);
      } else if (tick) {
        this.#emit(id, stateContinuing, now);
      }
    }
    this.#sweepId = 0;
    return true;
  }

  /** Moves the boundary on by a minute, or, while there is no flow, to the minute after `timeMillis`, the next packet's time. */
  nextMinute(timeMillis: number): void {
    assert(this.events.columns.count === 0, 'the events of a minute are taken before the next minute begins');
    this.boundaryMillis += minuteMillis;
    if (this.table.size === 0 && timeMillis >= this.boundaryMillis) this.#begin(timeMillis);
  }

  /** Ends every open flow at its last packet's time, as when a capture ends. @returns false when the event buffer is full first: take the events and call again */
  finish(): boolean {
    const { table } = this;
    const room = this.events.capacity - 2;
    for (let id = this.#sweepId; id < table.high; id++) {
      if (table.hashes[id] === 0) continue;
      if (this.events.columns.count > room) {
        this.#sweepId = id;
        return false;
      }
      if ((table.flags[id] & (flowEnded | flowDenied)) === 0) this.#emit(id, stateEnd, table.lastSeen[id]);
      this.#forget(id);
    }
    this.#sweepId = 0;
    return true;
  }

  #begin(timeMillis: number): void {
    this.boundaryMillis = (Math.floor(timeMillis / minuteMillis) + 1) * minuteMillis;
  }

  /** As `FlowTable.find`, but a flow that was idle for its timeout has ended by now, or is forgotten. */
  #findLive(packets: PacketBatch, i: number, ports: number, scope: number, hash: number, nic: number): number {
    const { table } = this;
    const found = table.find(hash, packets.source, packets.destination, 4 * i, ports, scope);
    if (found < 0) return found;
    const id = found >>> 1;
    const timeout = this.#settings.idleTimeoutMillis[nic];
    const expiry = table.lastSeen[id] + timeout;
    const now = packets.timeMillis[i];
    if (now < expiry) return found;
    if ((table.flags[id] & (flowEnded | flowDenied)) === 0) {
      this.#end(id, isClosed(table.flags[id]) ? table.lastSeen[id] : expiry);
      if (packets.protocol[i] !== protocolTcp) return -1;
    }
    if ((table.flags[id] & flowEnded) !== 0 && now < rememberedUntil(table.flags[id], table.lastSeen[id], timeout))
      return found;
    this.#forget(id);
    return -1;
  }

  /** Takes a packet across a NIC, opening a flow where there is none. @returns whether the NIC denies it */
  #cross(
    packets: PacketBatch,
    i: number,
    ports: number,
    scope: number,
    hash: number,
    nic: number,
    direction: number,
    found: number,
  ): boolean {
    const { table } = this;
    let row = found;
    if (row < 0) {
      row = this.#open(packets, i, ports, scope, hash, nic, direction, this.#initiator(packets, i));
    } else if (packets.protocol[i] === protocolTcp) {
      const id = row >>> 1;
      const flags = table.flags[id];
      const opening = isOpening(packets.tcpFlags[i]);
      const ended = (flags & flowEnded) !== 0;
      if (ended || (opening && isClosed(flags) && (flags & flowDenied) === 0)) {
        if (!ended) this.#end(id, table.lastSeen[id]);
        this.#forget(id);
        row = this.#open(packets, i, ports, scope, hash, nic, direction, opening ? 0 : row & 1);
      }
    }
    return this.#count(packets, i, row);
  }

  #initiator(packets: PacketBatch, i: number): number {
    if (packets.protocol[i] !== protocolTcp) return 0;
    const initiator = tcpInitiator(packets.tcpFlags[i], packets.sourcePort[i], packets.destinationPort[i]);
    if (initiator === initiatorGuessedSource || initiator === initiatorGuessedDestination)
      this.counts.initiatorsGuessed++;
    return initiator === initiatorIsDestination || initiator === initiatorGuessedDestination ? 1 : 0;
  }

  /** Opens a flow; with `reversed` 1 the packet's destination is its initiator. @returns `2 * id + reversed` */
  #open(
    packets: PacketBatch,
    i: number,
    ports: number,
    scope: number,
    hash: number,
    nic: number,
    packetDirection: number,
    reversed: number,
  ): number {
    const { table } = this;
    const { network, isLocal } = this.#settings;
    if (this.#flowsOfNic[nic] >= this.#flowsPerNicMax) this.#evict(nic);
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
    const id = table.insert(hash, source, destination, at, flowPorts, scope);
    this.#flowsOfNic[nic]++;
    table.decision[id] = decision;
    table.direction[id] = direction;
    table.lastSeen[id] = packets.timeMillis[i];
    if (this.#denies[decision] === 1) {
      table.flags[id] = flowDenied;
      this.counts.flowsDenied++;
      this.#emit(id, stateDenied, packets.timeMillis[i]);
    } else {
      this.counts.flowsAllowed++;
      this.#emit(id, stateBegin, packets.timeMillis[i]);
    }
    return 2 * id + reversed;
  }

  /** Adds a packet to its flow. @returns whether the flow is denied */
  #count(packets: PacketBatch, i: number, row: number): boolean {
    const { table, counts } = this;
    const id = row >>> 1;
    if (packets.timeMillis[i] > table.lastSeen[id]) table.lastSeen[id] = packets.timeMillis[i];
    if ((table.flags[id] & flowDenied) !== 0) {
      counts.observedDenied++;
      return true;
    }
    const at = 4 * id + 2 * (row & 1);
    table.counters[at]++;
    table.counters[at + 1] += packets.ipBytes[i];
    counts.observedAllowed++;
    counts.bytesAllowed += packets.ipBytes[i];
    table.flags[id] = withTcpFlags(table.flags[id], packets.tcpFlags[i], (row & 1) === 1);
    return false;
  }

  /** Emits a flow's end. TCP is remembered; UDP has nothing to remember. */
  #end(id: number, timeMillis: number): void {
    this.#emit(id, stateEnd, timeMillis);
    if ((this.table.keys[id * keyWords + 9] & 255) === protocolTcp) this.table.flags[id] |= flowEnded;
    else this.#forget(id);
  }

  #forget(id: number): void {
    this.#flowsOfNic[this.table.keys[id * keyWords + 9] >>> 9]--;
    this.table.remove(id);
  }

  /** Makes room at a NIC: the flows idle longest end early, a sixteenth of the limit at once, so that the search pays. */
  #evict(nic: number): void {
    const { table } = this;
    const idle: number[] = [];
    for (let id = 0; id < table.high; id++)
      if (table.hashes[id] !== 0 && table.keys[id * keyWords + 9] >>> 9 === nic) idle.push(id);
    idle.sort((a, b) => table.lastSeen[a] - table.lastSeen[b] || a - b);
    for (const id of idle.slice(0, this.#evictions)) {
      if ((table.flags[id] & (flowEnded | flowDenied)) === 0) {
        this.#emit(id, stateEnd, table.lastSeen[id]);
        this.counts.flowsEvicted++;
      }
      this.#forget(id);
    }
  }

  /** Writes an event with the counters since the flow's last one, which begin and denied do not have, and sets them to zero. */
  #emit(id: number, state: number, timeMillis: number): void {
    const { columns, nic } = this.events;
    const { table } = this;
    const row = columns.count++;
    const key = id * keyWords;
    const scope = table.keys[key + 9];
    for (let i = 0; i < 4; i++) {
      columns.source[4 * row + i] = table.keys[key + i];
      columns.destination[4 * row + i] = table.keys[key + 4 + i];
    }
    columns.timeMillis[row] = timeMillis;
    columns.family[row] = (scope & 256) !== 0 ? 6 : 4;
    columns.sourcePort[row] = table.keys[key + 8] >>> 16;
    columns.destinationPort[row] = table.keys[key + 8] & 0xffff;
    columns.protocol[row] = scope & 255;
    columns.direction[row] = table.direction[id];
    columns.access[row] = state === stateDenied ? accessDeny : accessAllow;
    columns.state[row] = state;
    columns.encryption[row] = 0;
    const counted = state === stateContinuing || state === stateEnd;
    const at = 4 * id;
    columns.packetsForward[row] = counted ? table.counters[at] : Number.NaN;
    columns.bytesForward[row] = counted ? table.counters[at + 1] : Number.NaN;
    columns.packetsReverse[row] = counted ? table.counters[at + 2] : Number.NaN;
    columns.bytesReverse[row] = counted ? table.counters[at + 3] : Number.NaN;
    if (counted) table.counters.fill(0, at, at + 4);
    columns.group[row] = table.decision[id];
    nic[row] = scope >>> 9;
  }
}

/**
 * How long an ended TCP flow is remembered: a closed one for its idle timeout after the last packet, one that ended by its timeout for as long
 * again.
 */
function rememberedUntil(flags: number, lastSeen: number, timeout: number): number {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}
