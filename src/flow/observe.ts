import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { minuteMillis, tickMillis } from '../base/time.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import { flowDenied, flowEnded } from './connection.ts';
import type { MeterCounts } from './counts.ts';
import { PacketCounter } from './packet-counter.ts';
import type { FlowEvents } from './event.ts';
import type { IsLocal } from './judge.ts';
import { Judge } from './judge.ts';
import type { FlowKernel } from './kernel.ts';
import { PacketKeys } from './packet-keys.ts';
import type { StoreSettings } from './store.ts';
import { FlowStore } from './store.ts';
import { Sweep, age, endForGood } from './sweep.ts';

export interface MeterSettings extends StoreSettings {
  /** Has as many NICs as there are idle timeouts, in the same order. */
  readonly network: CompiledNetwork;
  /**
   * If given, every packet crosses NIC 0, and a flow is inbound if only its destination is local, otherwise outbound.
   * If absent, a packet crosses the NICs that have its addresses.
   */
  readonly isLocal?: IsLocal;
  /** Speeds up packets of its own batch. */
  readonly kernel?: FlowKernel | undefined;
}

/** The changes of a new network. */
export interface NetworkChange {
  /** By NIC of the new network: its index in the previous network; -1 for a new NIC. */
  readonly previousNic: Int32Array;
  /** Idle timeout of each NIC's flows, by new index; also for open flows. */
  readonly idleTimeoutMillis: Float64Array;
  /** Whether the open flows of this NIC (new index) are evaluated again. Source: facts 4.3. */
  readonly flushed: (nic: number) => boolean;
}

/**
 * The most events of one packet without evictions: at each of two NICs the end of the old flow and the begin of the new
 * one.
 */
const eventsPerPacketMax = 4;
/**
 * The most searches for flows to evict that one packet can cause: for its NIC and for the total, at each of two NICs.
 */
const evictionsPerPacketMax = 4;

/**
 * Keeps the state of all flows at all NICs and turns packets into events. Time is the time of the packets: between two
 * packets it passes only through `advance`.
 *
 * A driver calls `observe` and takes the events whenever it stops early. When the next packet is at or after
 * `boundaryMillis`, it calls `advance` (taking the events until that returns true), then `nextMinute`. After the last
 * packet it calls `finish`. Events belong to the flush at `boundaryMillis`; set `events.columns.count` to 0 to take
 * them. Between two minutes the network can change: `endNics` for removed NICs, then `changeNetwork`. If the next
 * packet is before `pastMillis`, the driver can call `finish` and `restart`.
 */
export class FlowMeter {
  /**
   * The next whole minute at which flows expire and events are flushed; NaN before the first packet. Only `restart`
   * moves it back.
   */
  boundaryMillis = Number.NaN;
  readonly #store: FlowStore;
  readonly #keys: PacketKeys;
  readonly #judge: Judge;
  readonly #counter: PacketCounter;
  /** For packets with two views. */
  readonly #viewKeys = new PacketKeys(undefined);
  readonly #viewCounter: PacketCounter;
  readonly #sweep = new Sweep();
  /** Every packet crosses NIC 0. */
  readonly #isOneNic: boolean;
  /** `undefined` without a kernel, or with more NICs than it supports. */
  #kernel: FlowKernel | undefined;
  /** A change of the network is in progress: its flows are being evaluated. */
  #changing = false;
  /** The network changed in the middle of a batch: keys of its other packets belong to the previous network. */
  #hasChanged = false;

  constructor(settings: MeterSettings) {
    const { network, isLocal, kernel } = settings;
    this.#store = new FlowStore(settings, kernel);
    this.#keys = new PacketKeys(kernel);
    this.#judge = new Judge(this.#store.table, network, isLocal);
    this.#counter = new PacketCounter(this.#store, this.#keys, this.#judge);
    this.#viewCounter = new PacketCounter(this.#store, this.#viewKeys, this.#judge);
    this.#isOneNic = isLocal !== undefined;
    this.#kernel = kernel;
    kernel?.setJudge((row) => this.#judge.judge(row));
    kernel?.setRules(this.#isOneNic ? undefined : network);
    this.#setKernelNics();
    const { capacity } = this.#store.events;
    assert(capacity >= 4 * eventsPerPacketMax, 'the event buffer has room for the events of a few packets');
  }

  /**
   * Observes one packet that two NICs see differently: row 0 is the view of the source's NIC, row 1 that of the
   * destination's.
   * @returns false, without a change, where `observe` would stop before it
   */
  observeViews(views: PacketBatch): boolean {
    const timeMillis = views.timeMillis[0];
    if (Number.isNaN(this.boundaryMillis)) this.#begin(timeMillis);
    if (timeMillis >= this.boundaryMillis || this.events.columns.count > this.#roomMax) return false;
    this.#viewKeys.prepare(views, this.#judge.network, this.#store.table, false);
    this.#viewCounter.takeViews(views);
    return true;
  }

  /** A packet before this time is too old for the open minute: the driver can `finish`, then `restart`. */
  get pastMillis(): number {
    return this.boundaryMillis - minuteMillis - limits.clockBackMillisMin;
  }

  get events(): FlowEvents {
    return this.#store.events;
  }

  get counts(): MeterCounts {
    this.#kernel?.takeCounts(this.#store.counts);
    return this.#store.counts;
  }

  /** Flows of all NICs: open, denied, and ended flows that are kept. */
  get flows(): number {
    return this.#store.table.size;
  }

  /**
   * Observes packets from row `from` to `end`. With `from` 0 it is a new batch of at most `limits.batchPackets`. Stops
   * before the first packet at or after the boundary, and when the event buffer could overflow.
   * @returns the row where it stopped; `end` after the last packet
   */
  observe(packets: PacketBatch, from: number, end = packets.count): number {
    const { count, timeMillis } = packets;
    const kernel = packets === this.#kernel?.packets ? this.#kernel : undefined;
    if (from === 0 || this.#hasChanged) {
      this.#hasChanged = false;
      if (kernel === undefined) this.#keys.prepare(packets, this.#judge.network, this.#store.table, this.#isOneNic);
      else kernel.prepare(count);
    }
    if (Number.isNaN(this.boundaryMillis) && from < end) this.#begin(timeMillis[from]);
    const boundary = this.boundaryMillis;
    const { events } = this.#store;
    const roomMax = this.#roomMax;
    for (let i = from; i < end; i++) {
      if (kernel !== undefined) {
        i = kernel.observe(i, end, boundary, events.columns, roomMax);
        if (i === end) return end;
      }
      if (timeMillis[i] >= boundary || events.columns.count > roomMax) return i;
      this.#counter.take(packets, i);
    }
    return end;
  }

  /** Starts again in the minute of `timeMillis`, after all flows have ended. */
  restart(timeMillis: number): void {
    assert(this.flows === 0 && this.events.columns.count === 0, 'flows have ended, and their events were taken');
    this.#begin(timeMillis);
  }

  /**
   * Moves time to the boundary: flows end, continue and are forgotten as in `age`.
   * @returns false if the event buffer is full first: take the events and call it again
   */
  advance(): boolean {
    const store = this.#store;
    const now = this.boundaryMillis;
    const kernel = this.#kernel;
    const fast = kernel && ((row: number) => kernel.sweep(row, now, now % tickMillis === 0, store.events));
    return this.#sweep.run(store, (row) => age(store, row, now), fast);
  }

  /** Moves the boundary by one minute; without flows, to the minute after `timeMillis`, the time of the next packet. */
  nextMinute(timeMillis: number): void {
    assert(this.events.columns.count === 0, 'the events of a minute are taken before the next minute begins');
    this.boundaryMillis += minuteMillis;
    if (timeMillis >= this.boundaryMillis && this.flows === 0) this.#begin(timeMillis);
  }

  /**
   * Ends all open flows at their last packet's time, as at the end of a capture.
   * @returns false if the event buffer is full first: take the events and call it again
   */
  finish(): boolean {
    const store = this.#store;
    const kernel = this.#kernel;
    const fast = kernel && ((row: number) => kernel.endAll(row, store.events));
    return this.#sweep.run(store, (row) => endForGood(store, row), fast);
  }

  /**
   * Ends the open flows of removed NICs at their last packet's time, and forgets all flows of these NICs.
   * @returns false if the event buffer is full first: take the events and call it again
   */
  endNics(isGone: (nic: number) => boolean): boolean {
    const store = this.#store;
    return this.#sweep.run(store, (row) => {
      if (isGone(store.table.nicOf(row))) endForGood(store, row);
    });
  }

  /**
   * Replaces the network; its `decisions` have the decisions in use at the same indices. Open flows keep their
   * decision. If their NIC is flushed, they are evaluated again: a flow that is denied now ends at its last packet, and
   * its next packet begins a denied flow. Denied flows are evaluated again at all NICs: there was no connection, so the
   * next packet is a new attempt. End removed NICs and take all events before; new events have the new NIC indices.
   * @returns false if the event buffer is full first: take the events and call it again with the same arguments
   */
  changeNetwork(network: CompiledNetwork, change: NetworkChange): boolean {
    const store = this.#store;
    if (!this.#changing) {
      assert(store.events.columns.count === 0, 'the events of the old network are taken before the new one comes');
      assert(!this.#isOneNic, 'only a network with addresses changes');
      this.#judge.change(network);
      this.#kernel?.setRules(network);
      this.#hasChanged = true;
      store.moveNics(nicAfterOf(change.previousNic, store.idleTimeoutMillis.length), change.idleTimeoutMillis);
      this.#setKernelNics();
    }
    this.#changing = !this.#sweep.run(store, (row) => this.#judgeAnew(row, change.flushed));
    return !this.#changing;
  }

  /** By decision: 1 if a flow in memory or a pending event has it. Other indices can be reused. */
  decisionsInUse(): Uint8Array {
    const { table, events } = this.#store;
    const used = new Uint8Array(this.#judge.network.decisions.length);
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
    const isDenied = this.#judge.denies(row);
    if (wasDenied && !isDenied) store.remove(row);
    else if (!wasDenied && isDenied) store.end(row, store.table.lastSeen(row));
  }

  /** Stops using the kernel if it has no room for all NICs. */
  #setKernelNics(): void {
    const table = this.#isOneNic ? undefined : this.#judge.network.nicTable;
    if (this.#kernel?.setNics(table, this.#store.idleTimeoutMillis) !== false) return;
    this.#kernel.takeCounts(this.#store.counts);
    this.#kernel = undefined;
  }

  /** The largest number of events before a packet that can emit some. */
  get #roomMax(): number {
    const { events, evictionsMax } = this.#store;
    return events.capacity - evictionsPerPacketMax * evictionsMax - eventsPerPacketMax;
  }

  #begin(timeMillis: number): void {
    this.boundaryMillis = (Math.floor(timeMillis / minuteMillis) + 1) * minuteMillis;
  }
}

/** New index by old index; -1 for a removed NIC. */
function nicAfterOf(previousNic: Int32Array, nicsBefore: number): Int32Array {
  const after = new Int32Array(nicsBefore).fill(-1);
  previousNic.forEach((before, nic) => {
    if (before >= 0) after[before] = nic;
  });
  return after;
}
