import { FlowError } from '../base/errors.ts';
import { formatCount } from '../base/format-count.ts';
import { groupBy } from '../base/group-by.ts';
import { limits } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import { Intake } from './intake.ts';
import type { Away } from './lane.ts';
import { Lane, placeOf } from './lane.ts';
import type { DeliverySettings } from './delivery-state.ts';
import { DeliveryState } from './delivery-state.ts';
import type { DeliveryStatus } from './delivery-status.ts';
import type { Destination, FlushedBlock } from './flushed-block.ts';
import { keyOf, laneOf } from './spool.ts';

/**
 * Delivers blocks to storage while recording continues.
 *
 *     flush ─▶ segment (one flush for one account) ─▶ spool ─▶ lane (one account) ─▶ queue (one blob) ─▶ commit ─▶ segment leaves the spool
 *              delivery.ts                            intake.ts                      lane.ts
 *
 * Blocks of one blob stay in order. All waiting blocks of a blob go into one commit, so slow storage means fewer and larger
 * commits. With a spool, each flush is written to disk before it is sent, so a killed recorder loses no flush that it
 * passed on; while storage is unavailable, flushes stay there. Memory is limited: wait for `room` before adding more.
 */
export class Delivery {
  readonly #state: DeliveryState;
  readonly #intake: Intake;
  readonly #lanes = new Map<string, Lane>();
  readonly #laneOfDestination = new Map<string, Lane>();
  /** The latest blob of each flow log and NIC. */
  readonly #latestBlob = new Map<string, string>();
  #blobs = 0;

  constructor(settings: DeliverySettings) {
    this.#state = new DeliveryState(settings, () => this.status());
    this.#intake = new Intake(this.#state);
  }

  /**
   * Loads what an earlier run left in the spool; it is sent first.
   * @throws permission, io
   */
  async begin(): Promise<void> {
    const { spool } = this.#state.settings;
    if (spool === undefined) return;
    this.#state.restoreLost(await spool.readStatus());
    for (const file of spool.left) {
      let lane = this.#lanes.get(file.lane);
      if (lane === undefined) {
        const segment = await spool.read(file, (sentence) => this.#state.damaged(sentence));
        if (segment === undefined) continue;
        lane = this.#addLane(file.lane, segment, segment.account);
        lane.isForeign = !this.#isOurs(lane);
        if (lane.isForeign)
          this.#state.say(
            `the spool ${spool.folder} also holds blocks for ${lane.account}: they stay until something is recorded to it`,
          );
      }
      lane.enterEarlier(file);
    }
    for (const lane of this.#lanes.values()) lane.start();
    await this.#state.saveStatus(true);
  }

  get hasSpool(): boolean {
    return this.#state.settings.spool !== undefined;
  }

  /** Number of blobs that blocks were added for. */
  get blobs(): number {
    return this.#blobs;
  }

  /** Tuples of this run that were not in storage before. */
  get tuplesWritten(): number {
    return this.#state.tuplesWritten;
  }

  /**
   * Adds the blocks of a flush at `minuteMillis`. An account that cannot be opened ends the delivery, after the others
   * have their blocks.
   */
  add(blocks: readonly FlushedBlock[], minuteMillis: number): void {
    const failures: unknown[] = [];
    for (const own of groupBy(blocks, keyOf).values()) {
      for (const block of own) this.#countBlob(block);
      let lane: Lane;
      try {
        lane = this.#laneFor(own[0]);
      } catch (error) {
        failures.push(error);
        continue;
      }
      const bytes = own.reduce((sum, block) => sum + block.bytes.length, 0);
      this.#intake.take(lane, { minuteMillis, bytes, blocks: own, file: undefined, open: 0, isEarlier: false });
    }
    if (failures.length > 0) this.#state.fail(failures[0]);
  }

  /** Tries unavailable storage at once, and resets the pauses. */
  tryAgain(): void {
    for (const lane of this.#lanes.values()) lane.tryAgain();
  }

  /**
   * Waits until there is room, and with a spool until all blocks are in it.
   * @throws the error of an append that failed permanently
   */
  async room(): Promise<void> {
    const hopeless = await this.#wait(
      () => (this.hasSpool ? this.#intake.isEmpty : this.#state.heldBytes <= limits.deliveryBytesMax),
      () => !this.hasSpool || this.#intake.isStalled,
    );
    if (hopeless !== undefined) throw hopeless;
  }

  /**
   * Waits until everything is delivered, or until the wait for unavailable storage ends.
   * @returns with a spool, a sentence if blocks stay in it or were refused
   * @throws the error of an append that failed permanently, or without a spool why storage is unavailable
   */
  async finish(): Promise<string | undefined> {
    const { spool } = this.#state.settings;
    for (const lane of this.#lanes.values()) lane.retryNow();
    const hopeless = await this.#wait(
      () => this.#isIdle(),
      () => this.#intake.isEmpty || this.#intake.isStalled,
    );
    if (hopeless !== undefined) {
      if (spool === undefined || !this.#intake.isEmpty) throw hopeless;
      for (const lane of this.#lanes.values()) lane.dropUnspooled();
      return `${hopeless.message}; ${formatCount(spool.bytes)} bytes wait in the spool ${spool.folder}`;
    }
    const { refusal, damage } = this.#state;
    if (refusal === undefined || spool === undefined) return damage;
    return `${refusal.message}; what was recorded for it is in ${this.#state.isAllAside ? `${spool.folder}/refused` : spool.folder}`;
  }

  /** Stops sending. The content of the spool stays. */
  async close(): Promise<void> {
    this.#state.fail(new FlowError('interrupted', 'the recording was ended'));
    for (const lane of this.#lanes.values()) lane.stopTrying();
    const isBusy = (): boolean =>
      this.#intake.isSpooling || this.#state.underWay > 0 || [...this.#lanes.values()].some((lane) => lane.isBusy);
    while (isBusy()) await this.#state.change(undefined);
    await this.#state.saveStatus(true);
  }

  status(): DeliveryStatus {
    const state = this.#state;
    const away = this.#away()[0];
    const oldest = Math.min(...[...this.#lanes.values()].map((lane) => lane.oldestMillis));
    return {
      spoolingSince: away === undefined ? null : formatTime(away.sinceMillis),
      reason: away?.error.message ?? null,
      spoolBytes: state.settings.spool?.bytes ?? 0,
      oldestMinute: oldest === Infinity ? null : formatTime(oldest),
      delivered: state.delivered,
      deliveredOfEarlier: state.deliveredOfEarlier,
      ...state.lost(),
    };
  }

  /** Unavailable accounts, longest first. */
  #away(): Readonly<Away>[] {
    const away = [...this.#lanes.values()].flatMap((lane) => lane.away ?? []);
    return away.sort((a, b) => a.sinceSteadyMillis - b.sinceSteadyMillis);
  }

  #isIdle(): boolean {
    if (!this.#intake.isEmpty || this.#state.underWay > 0) return false;
    return [...this.#lanes.values()].every((lane) => lane.isForeign || lane.isEmpty);
  }

  /**
   * Waits until `isDone`. If `mayGiveUp`, ends when each account with waiting blocks was unavailable for `waitMillis`
   * and was tried since.
   * @returns why one of them is unavailable, if it gave up
   */
  async #wait(isDone: () => boolean, mayGiveUp: () => boolean): Promise<FlowError | undefined> {
    const begunMillis = performance.now();
    const { waitMillis } = this.#state.settings;
    for (;;) {
      if (this.#state.failure !== undefined) throw this.#state.failure.error;
      if (isDone()) return undefined;
      const waiting = [...this.#lanes.values()].filter((lane) => !lane.isForeign && !lane.isEmpty);
      const hopes = waiting.map(({ away }) =>
        away === undefined || away.failedSteadyMillis < begunMillis
          ? Infinity
          : away.sinceSteadyMillis + waitMillis - performance.now(),
      );
      const hope = hopes.length === 0 ? Infinity : Math.max(...hopes);
      if (hope <= 0 && mayGiveUp()) return this.#away()[0]?.error;
      await this.#state.change(hope === Infinity || hope <= 0 ? undefined : hope);
    }
  }

  #countBlob({ storage, container, blob }: FlushedBlock): void {
    const log = `${storage}\n${container}/${blob.replace(/\/y=\d+\/m=\d+\/d=\d+\/h=\d+/, '')}`;
    if (this.#latestBlob.get(log) === blob) return;
    this.#latestBlob.set(log, blob);
    this.#blobs++;
  }

  #addLane(key: string, destination: Destination, account: string): Lane {
    const lane = new Lane(this.#state, destination, account);
    this.#lanes.set(key, lane);
    return lane;
  }

  /**
   * The lane of an account of this run.
   * @throws why the account cannot be opened
   */
  #laneFor(destination: Destination): Lane {
    const known = this.#laneOfDestination.get(keyOf(destination));
    if (known !== undefined) return known;
    const account = placeOf(this.#state.settings.accountOf(destination));
    const key = laneOf(destination, account);
    const lane = this.#lanes.get(key) ?? this.#addLane(key, destination, account);
    lane.isForeign = false;
    this.#laneOfDestination.set(keyOf(destination), lane);
    return lane;
  }

  #isOurs(lane: Lane): boolean {
    try {
      return placeOf(this.#state.settings.accountOf(lane.destination)) === lane.account;
    } catch {
      return false;
    }
  }
}
