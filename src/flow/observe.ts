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
  /** Has as many NICs, in the same order, as there are idle timeouts. */
  readonly network: CompiledNetwork;
  /**
   * Where given, every packet crosses NIC 0 whatever its addresses, and a flow whose destination alone is local is inbound, any other
   * outbound. Absent, a packet crosses the NICs that its addresses belong to.
   */
  readonly isLocal?: IsLocal;
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
 * that are gone, then `changeNetwork`. When the next packet is before `pastMillis`, it may
 * call `finish` and `restart`.
 */
export class FlowMeter {
  /** The next whole minute at which flows expire and events are flushed; NaN before the first packet. Goes back by `restart` alone. */
  boundaryMillis = Number.NaN;
  readonly #store: FlowStore;
  readonly #keys: PacketKeys;
  readonly #judge: Judge;
  readonly #counter: PacketCounter;
  /** Of packets with two views. */
  readonly #viewKeys = new PacketKeys(undefined);
  readonly #viewCrossing: PacketCounter;
  readonly #sweep = new Sweep();
  /** Every packet crosses NIC 0. */
  readonly #isOneNic: boolean;
  /** `undefined` where there is none, or more NICs than it takes. */
  #kernel: FlowKernel | undefined;
  /** A change of the network is under way: its flows are still being judged. */
  #changing = false;
  /** The network changed in the middle of a batch: what is known of its other packets is of the network before. */
  #hasChanged = false;

  constructor(settings: MeterSettings) {
    const { network, isLocal, kernel } = settings;
    this.#store = new FlowStore(settings, kernel);
    this.#keys = new PacketKeys(kernel);
    this.#judge = new Judge(this.#store.table, network, isLocal);
    this.#counter = new PacketCounter(this.#store, this.#keys, this.#judge);
    this.#viewCrossing = new PacketCounter(this.#store, this.#viewKeys, this.#judge);
    this.#isOneNic = isLocal !== undefined;
    this.#kernel = kernel;
    kernel?.setJudge((row) => this.#judge.judge(row));
    kernel?.setRules(this.#isOneNic ? undefined : network);
    this.#tellNics();
    const { capacity } = this.#store.events;
    assert(capacity >= 4 * eventsPerPacketMax, 'the event buffer holds the events of a few packets');
  }

  /**
   * Observes one packet that two NICs see differently: row 0 as the source's NIC sees it, row 1 as the destination's.
   * @returns false, with nothing done, where `observe` would stop before it
   */
  observeViews(views: PacketBatch): boolean {
    const timeMillis = views.timeMillis[0];
    if (Number.isNaN(this.boundaryMillis)) this.#begin(timeMillis);
    if (timeMillis >= this.boundaryMillis || this.events.columns.count > this.#roomMax) return false;
    this.#viewKeys.prepare(views, this.#judge.network, this.#store.table, false);
    this.#viewCrossing.takeViews(views);
    return true;
  }

  /** A packet before this time is too old to count in the minute that is open: the driver may `finish`, then `restart`. */
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

  /** Flows of all NICs: those open, denied, and ended ones that are remembered. */
  get flows(): number {
    return this.#store.table.size;
  }

  /**
   * Observes the packets from row `from` up to `end`; with `from` 0, a new batch of at most `limits.batchPackets`. Stops before the first packet
   * at or past the boundary, and where the event buffer might overflow. @returns the row it stopped at, `end` when all were observed
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

  /** Begins anew in the minute of `timeMillis`, when all flows have ended. */
  restart(timeMillis: number): void {
    assert(this.flows === 0 && this.events.columns.count === 0, 'flows have ended, and their events were taken');
    this.#begin(timeMillis);
  }

  /**
   * Lets time pass to the boundary: flows end, continue and are forgotten, as `age` says.
   * @returns false when the event buffer is full first: take the events and call again
   */
  advance(): boolean {
    const store = this.#store;
    const now = this.boundaryMillis;
    const kernel = this.#kernel;
    const fast = kernel && ((row: number) => kernel.sweep(row, now, now % tickMillis === 0, store.events));
    return this.#sweep.run(store, (row) => age(store, row, now), fast);
  }

  /** Moves the boundary on by a minute, or, while there is no flow, to the minute after `timeMillis`, the next packet's time. */
  nextMinute(timeMillis: number): void {
    assert(this.events.columns.count === 0, 'the events of a minute are taken before the next minute begins');
    this.boundaryMillis += minuteMillis;
    if (timeMillis >= this.boundaryMillis && this.flows === 0) this.#begin(timeMillis);
  }

  /** Ends every open flow at its last packet's time, as when a capture ends. @returns false when the event buffer is full first: take the events and call again */
  finish(): boolean {
    const store = this.#store;
    const kernel = this.#kernel;
    const fast = kernel && ((row: number) => kernel.endAll(row, store.events));
    return this.#sweep.run(store, (row) => endForGood(store, row), fast);
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
      assert(!this.#isOneNic, 'only a network with addresses changes');
      this.#judge.change(network);
      this.#kernel?.setRules(network);
      this.#hasChanged = true;
      store.moveNics(nicAfterOf(change.previousNic, store.idleTimeoutMillis.length), change.idleTimeoutMillis);
      this.#tellNics();
    }
    this.#changing = !this.#sweep.run(store, (row) => this.#judgeAnew(row, change.flushed));
    return !this.#changing;
  }

  /** By decision: 1 where a flow in memory has it, or an event that was not taken. The indices of the others may come to mean something else. */
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

  /** Without the kernel from now on where it has no room for all NICs. */
  #tellNics(): void {
    const table = this.#isOneNic ? undefined : this.#judge.network.nicTable;
    if (this.#kernel?.setNics(table, this.#store.idleTimeoutMillis) !== false) return;
    this.#kernel.takeCounts(this.#store.counts);
    this.#kernel = undefined;
  }

  /** Of events held, where a packet may emit some. */
  get #roomMax(): number {
    const { events, evictionsMax } = this.#store;
    return events.capacity - evictionsPerPacketMax * evictionsMax - eventsPerPacketMax;
  }

  #begin(timeMillis: number): void {
    this.boundaryMillis = (Math.floor(timeMillis / minuteMillis) + 1) * minuteMillis;
  }
}

/** By old number the new one, -1 for a NIC that is gone. */
function nicAfterOf(previousNic: Int32Array, nicsBefore: number): Int32Array {
  const after = new Int32Array(nicsBefore).fill(-1);
  previousNic.forEach((before, nic) => {
    if (before >= 0) after[before] = nic;
  });
  return after;
}
