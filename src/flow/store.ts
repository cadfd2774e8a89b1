import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  stateContinuing,
  stateDenied,
  stateEnd,
} from '../flowlog/tuple.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { flowDenied, flowEnded, flowFlagsMask } from './connection.ts';
import type { MeterCounts } from './counts.ts';
import { createMeterCounts } from './counts.ts';
import type { FlowEvents } from './event.ts';
import { createFlowEvents } from './event.ts';
import type { GrowTable, HashSeeds } from './table.ts';
import {
  FlowTable,
  kindFamily6,
  kindFlagsShift,
  kindOutbound,
  kindTcp,
  kindWord,
  nicsMax,
  portsWord,
  rowWords,
} from './table.ts';

export interface StoreSettings {
  /** Hash seeds; use random numbers if unknown parties send the packets. Events do not depend on them. */
  readonly seeds?: HashSeeds;
  /** Idle timeout of each NIC's flows. */
  readonly idleTimeoutMillis: Float64Array;
  /** Rows of the event buffer; the default is `limits.eventsMax`. */
  readonly eventsMax?: number;
  /** Concurrent flows of one NIC; the default is `limits.flowsPerNicMax`. */
  readonly flowsPerNicMax?: number;
  /** Concurrent flows of all NICs; the default is `limits.flowsMax`. */
  readonly flowsMax?: number;
}

/** Memory that a store shares with the kernel. */
export interface StoreMemory {
  readonly growTable: GrowTable;
  /** Room for this many events, at most `limits.eventsMax`. */
  createEvents(capacity: number): FlowEvents;
  /** Flows of each NIC, all 0; `undefined` if there are too many NICs. */
  flowsOfNic(nics: number): Uint32Array | undefined;
  setLimits(flowsPerNicMax: number, flowsMax: number): void;
}

/** The flows in memory and the pending events: how flows begin, count and end. */
export class FlowStore {
  readonly table: FlowTable;
  readonly events: FlowEvents;
  readonly counts: MeterCounts = createMeterCounts();
  /** By NIC. */
  idleTimeoutMillis: Float64Array;
  /** The most flows that one `makeRoom` ends. */
  readonly evictionsMax: number;
  #flowsOfNic: Uint32Array;
  readonly #memory: StoreMemory | undefined;
  readonly #flowsPerNicMax: number;
  readonly #flowsMax: number;

  constructor(settings: StoreSettings, memory?: StoreMemory) {
    const nics = settings.idleTimeoutMillis.length;
    assert(nics < nicsMax, 'all NICs fit into the kind of a flow');
    const eventsMax = settings.eventsMax ?? limits.eventsMax;
    this.idleTimeoutMillis = settings.idleTimeoutMillis;
    this.#flowsPerNicMax = settings.flowsPerNicMax ?? limits.flowsPerNicMax;
    this.#flowsMax = settings.flowsMax ?? limits.flowsMax;
    this.evictionsMax = Math.max(1, Math.min(Math.floor(this.#flowsPerNicMax / 16), Math.floor(eventsMax / 16)));
    this.#memory = memory;
    this.#flowsOfNic = this.#countersOf(nics);
    this.table = new FlowTable(memory?.growTable, settings.seeds);
    this.events = memory?.createEvents(eventsMax) ?? createFlowEvents(eventsMax);
    memory?.setLimits(this.#flowsPerNicMax, this.#flowsMax);
  }

  /** The flow's bits of connection.ts. */
  flagsOf(row: number): number {
    return (this.table.columns.words[row * rowWords + kindWord] >>> kindFlagsShift) & flowFlagsMask;
  }

  /** Adds bits to a flow. */
  addFlags(row: number, flags: number): void {
    this.table.columns.words[row * rowWords + kindWord] |= flags << kindFlagsShift;
  }

  /** Open: neither denied nor ended. */
  isOpen(row: number): boolean {
    return (this.flagsOf(row) & (flowEnded | flowDenied)) === 0;
  }

  insert(
    nic: number,
    hash: number,
    source: Uint32Array,
    destination: Uint32Array,
    at: number,
    ports: number,
    kind: number,
    timeMillis: number,
  ): number {
    this.#flowsOfNic[nic]++;
    return this.table.insert(hash, source, destination, at, ports, kind, timeMillis);
  }

  remove(row: number): void {
    this.#flowsOfNic[this.table.nicOf(row)]--;
    this.table.remove(row);
  }

  /** Emits a flow's end. A TCP flow is kept; a UDP flow is removed. */
  end(row: number, timeMillis: number): void {
    this.emit(row, stateEnd, timeMillis);
    if ((this.table.columns.words[row * rowWords + kindWord] & kindTcp) !== 0) this.addFlags(row, flowEnded);
    else this.remove(row);
  }

  /**
   * Ends flows early if the limit of the NIC or of all flows is reached: those idle longest, many at once to save
   * searches.
   */
  makeRoom(nic: number): void {
    if (this.#flowsOfNic[nic] >= this.#flowsPerNicMax) this.#evict((row) => this.table.nicOf(row) === nic);
    if (this.table.size >= this.#flowsMax) this.#evict(() => true);
  }

  #evict(isCandidate: (row: number) => boolean): void {
    const { table } = this;
    const idle: number[] = [];
    for (let row = 0; row < table.high; row++) if (table.isUsed(row) && isCandidate(row)) idle.push(row);
    idle.sort((a, b) => table.lastSeen(a) - table.lastSeen(b) || a - b);
    for (const row of idle.slice(0, this.evictionsMax)) {
      if (this.isOpen(row)) {
        this.emit(row, stateEnd, table.lastSeen(row));
        this.counts.flowsEvicted++;
      }
      this.remove(row);
    }
  }

  /**
   * Replaces the NIC index of all flows.
   * @param nicAfter by old index; indices of removed NICs are not used
   */
  moveNics(nicAfter: Int32Array, idleTimeoutMillis: Float64Array): void {
    const before = this.#flowsOfNic.slice();
    this.idleTimeoutMillis = idleTimeoutMillis;
    this.#flowsOfNic = this.#countersOf(idleTimeoutMillis.length);
    before.forEach((flows, nic) => {
      assert(flows === 0 || nicAfter[nic] >= 0, 'a removed NIC has no flows');
      if (nicAfter[nic] >= 0) this.#flowsOfNic[nicAfter[nic]] = flows;
    });
    this.table.moveNics(nicAfter);
  }

  #countersOf(nics: number): Uint32Array {
    return this.#memory?.flowsOfNic(nics) ?? new Uint32Array(nics);
  }

  /**
   * Writes an event with the counters since the flow's last event, and resets them. Begin and denied events have no
   * counters.
   */
  emit(row: number, state: number, timeMillis: number): void {
    const { table } = this;
    const { columns, nic } = this.events;
    const { words, decisions } = table.columns;
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
    columns.group[event] = decisions[row];
    nic[event] = table.nicOf(row);
    const counted = state === stateContinuing || state === stateEnd;
    columns.packetsForward[event] = counted ? table.counter(row, 0) : Number.NaN;
    columns.bytesForward[event] = counted ? table.counter(row, 1) : Number.NaN;
    columns.packetsReverse[event] = counted ? table.counter(row, 2) : Number.NaN;
    columns.bytesReverse[event] = counted ? table.counter(row, 3) : Number.NaN;
    if (counted) table.clearCounters(row);
  }
}
