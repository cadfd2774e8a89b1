/**
 * Replays a capture as if its packets came now: at its own pace or a multiple of it, with its times moved, over and over.
 *
 * Times are moved by whole minutes, so that a packet keeps its place within its minute.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../base/limits.ts';
import { minuteMillis } from '../base/time.ts';
import type { CaptureBatch } from '../capture/batch.ts';
import { createCaptureBatch } from '../capture/batch.ts';
import type { CaptureReader } from '../capture/merge-captures.ts';

export interface ReplaySettings {
  /** Opens the capture from its beginning; called again for each round of a loop. */
  readonly open: () => Promise<CaptureReader>;
  /** How many times as fast as it was captured; Infinity is as fast as can be. */
  readonly pace: number;
  /** Whether its first packet is moved into the present minute; else times stay, and later rounds follow the first. */
  readonly shiftNow: boolean;
  readonly loop: boolean;
  /** Ends the replay at the next packet. */
  readonly stop: AbortSignal;
  /** Epoch milliseconds; `Date.now` but in tests. */
  readonly now: () => number;
}

/** `next` comes back without a packet after so long, so that time passes for who calls it. */
const idleMillis = 250;

/** A capture being replayed; its first packet is known. @throws what opening the capture throws */
export async function openReplay(settings: ReplaySettings): Promise<Replay> {
  const capture = await settings.open();
  try {
    const batch = createCaptureBatch(limits.batchPackets);
    if (!(await capture.next(batch))) batch.count = 0;
    return new Replay(settings, capture, batch);
  } catch (error) {
    await capture.close();
    throw error;
  }
}

export class Replay implements CaptureReader {
  readonly identity: string;
  readonly #settings: ReplaySettings;
  #capture: CaptureReader;
  /** Read ahead from the capture, from `#row` on. */
  readonly #ahead: CaptureBatch;
  #row = 0;
  /** Added to every time of this round; a multiple of a minute. */
  #shiftMillis: number;
  /** When this round began by the clock, and its first packet's own moved time. */
  #roundStartMillis: number;
  #roundFirstMillis: number;
  /** The latest moved time handed on. */
  #lastMillis = 0;
  /** The moved time of the packet handed on last. */
  #packetMillis = Number.NEGATIVE_INFINITY;
  #roundPackets = 0;

  constructor(settings: ReplaySettings, capture: CaptureReader, ahead: CaptureBatch) {
    this.#settings = settings;
    this.#capture = capture;
    this.#ahead = ahead;
    const nowMillis = settings.now();
    const firstMillis = ahead.count > 0 ? timeOf(ahead, 0) : nowMillis;
    this.#shiftMillis = settings.shiftNow ? floorMinute(nowMillis) - floorMinute(firstMillis) : 0;
    this.#roundStartMillis = nowMillis;
    this.#roundFirstMillis = firstMillis + this.#shiftMillis;
    this.identity = settings.shiftNow ? movedIdentity(capture.identity, nowMillis) : capture.identity;
  }

  get bytesRead(): number {
    return this.#capture.bytesRead;
  }

  get bytesTotal(): number | undefined {
    return this.#settings.loop ? undefined : this.#capture.bytesTotal;
  }

  /** What the time is in the replay, epoch milliseconds; -Infinity at `max`, where packets alone tell it. */
  nowMillis(): number {
    const { pace, now } = this.#settings;
    if (pace === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
    return this.#roundFirstMillis + (now() - this.#roundStartMillis) * pace;
  }

  /** The same in whole milliseconds; at `max`, the time of the packet handed on last, -Infinity before the first. */
  clockMillis(): number {
    return Math.floor(this.#settings.pace === Number.POSITIVE_INFINITY ? this.#packetMillis : this.nowMillis());
  }

  /**
   * As of CaptureReader, but a quarter of a second without packets returns `true` and a batch without rows.
   * @returns `false` when it was stopped, and at the end unless it loops
   */
  async next(batch: CaptureBatch): Promise<boolean> {
    batch.count = 0;
    if (this.#settings.stop.aborted) return false;
    if (this.#row >= this.#ahead.count && !(await this.#refill())) return false;
    const { pace } = this.#settings;
    let due = this.#ahead.count - this.#row;
    if (pace !== Number.POSITIVE_INFINITY) {
      due = this.#countDue(this.nowMillis());
      if (due === 0) {
        const waitMillis = (timeOf(this.#ahead, this.#row) + this.#shiftMillis - this.nowMillis()) / pace;
        await sleep(Math.min(idleMillis, Math.max(1, waitMillis)), undefined, { signal: this.#settings.stop }).catch(
          () => undefined,
        );
        due = this.#countDue(this.nowMillis());
      }
    }
    this.#handOn(batch, due);
    return true;
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }

  /** Packets at `#row` and behind it whose time has come. */
  #countDue(replayMillis: number): number {
    let row = this.#row;
    while (row < this.#ahead.count && timeOf(this.#ahead, row) + this.#shiftMillis <= replayMillis) row++;
    return row - this.#row;
  }

  #handOn(batch: CaptureBatch, count: number): void {
    const ahead = this.#ahead;
    batch.bytes = ahead.bytes;
    batch.count = count;
    const shiftSeconds = this.#shiftMillis / 1000;
    for (let i = 0; i < count; i++) {
      const row = this.#row + i;
      batch.start[i] = ahead.start[row];
      batch.capturedLength[i] = ahead.capturedLength[row];
      batch.originalLength[i] = ahead.originalLength[row];
      batch.timeSeconds[i] = ahead.timeSeconds[row] + shiftSeconds;
      batch.timeNanos[i] = ahead.timeNanos[row];
      batch.linkType[i] = ahead.linkType[row];
      this.#lastMillis = Math.max(this.#lastMillis, timeOf(batch, i));
    }
    if (count > 0) this.#packetMillis = timeOf(batch, count - 1);
    this.#row += count;
    this.#roundPackets += count;
  }

  /** Reads on; at the end of a round, begins the next. A capture without packets is not begun again. */
  async #refill(): Promise<boolean> {
    this.#row = 0;
    if (this.#ahead.count > 0 && (await this.#capture.next(this.#ahead))) return true;
    this.#ahead.count = 0;
    if (!this.#settings.loop || this.#roundPackets === 0) return false;
    await this.#capture.close();
    this.#capture = await this.#settings.open();
    this.#roundPackets = 0;
    if (!(await this.#capture.next(this.#ahead))) {
      this.#ahead.count = 0;
      return false;
    }
    this.#beginRound();
    return true;
  }

  /** The next round begins in the minute after the last one's end, or in the present one where that is later. */
  #beginRound(): void {
    const { shiftNow, now } = this.#settings;
    const firstMillis = timeOf(this.#ahead, 0);
    const nextMinute = floorMinute(this.#lastMillis) + minuteMillis;
    const beginMinute = shiftNow ? Math.max(nextMinute, floorMinute(now())) : nextMinute;
    const replayMillis = this.nowMillis();
    this.#shiftMillis = beginMinute - floorMinute(firstMillis);
    this.#roundFirstMillis = firstMillis + this.#shiftMillis;
    this.#roundStartMillis = now();
    if (replayMillis < this.#roundFirstMillis && replayMillis !== Number.NEGATIVE_INFINITY)
      this.#roundStartMillis += (this.#roundFirstMillis - replayMillis) / this.#settings.pace;
  }
}

/** Each replay with moved times is an input of its own: its blocks are none of an earlier one's. */
function movedIdentity(identity: string, nowMillis: number): string {
  return createHash('sha256').update(`${identity}\n${nowMillis}`).digest('hex');
}

function timeOf(batch: CaptureBatch, row: number): number {
  return batch.timeSeconds[row] * 1000 + batch.timeNanos[row] / 1_000_000;
}

function floorMinute(timeMillis: number): number {
  return Math.floor(timeMillis / minuteMillis) * minuteMillis;
}
