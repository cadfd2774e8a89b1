/**
 * Replays a capture in real time: at its own speed or a multiple of it, with its times moved, and optionally in a loop.
 *
 * Times move by whole minutes, so that a packet keeps its position in its minute.
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
  /** Factor of the original speed; Infinity is as fast as possible. */
  readonly pace: number;
  /**
   * Whether the first packet is moved to the current minute. Otherwise times stay, and later rounds follow the first.
   */
  readonly shiftNow: boolean;
  readonly loop: boolean;
  /** Ends the replay at the next packet. */
  readonly stop: AbortSignal;
  /** Epoch milliseconds; `Date.now` except in tests. */
  readonly now: () => number;
}

/** `next` returns without packets after this time, so that its caller can act on the time. */
const idleMillis = 250;

/**
 * A replay of a capture, with its first packet read.
 * @throws errors of opening the capture
 */
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
  /** Packets read ahead, from `#row` on. */
  readonly #ahead: CaptureBatch;
  #row = 0;
  /** Added to all times of this round; a multiple of a minute. */
  #shiftMillis: number;
  /** Wall-clock start of this round, and the moved time of its first packet. */
  #roundStartMillis: number;
  #roundFirstMillis: number;
  /** The latest moved time returned. */
  #lastMillis = 0;
  /** The moved time of the last returned packet. */
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

  /** The current time in the replay, epoch milliseconds; -Infinity at `max`, where only packets have a time. */
  nowMillis(): number {
    const { pace, now } = this.#settings;
    if (pace === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
    return this.#roundFirstMillis + (now() - this.#roundStartMillis) * pace;
  }

  /** The same in whole milliseconds; at `max`, the time of the last returned packet, -Infinity before the first. */
  clockMillis(): number {
    return Math.floor(this.#settings.pace === Number.POSITIVE_INFINITY ? this.#packetMillis : this.nowMillis());
  }

  /**
   * As in CaptureReader, but after a quarter of a second without packets it returns `true` and an empty batch.
   * @returns `false` after a stop, and at the end without a loop
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
    this.#copyRows(batch, due);
    return true;
  }

  async close(): Promise<void> {
    await this.#capture.close();
  }

  /** Packets from `#row` on whose time has come. */
  #countDue(replayMillis: number): number {
    let row = this.#row;
    while (row < this.#ahead.count && timeOf(this.#ahead, row) + this.#shiftMillis <= replayMillis) row++;
    return row - this.#row;
  }

  #copyRows(batch: CaptureBatch, count: number): void {
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

  /** Reads further; at the end of a round, begins the next. A capture without packets is not repeated. */
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

  /** The next round begins in the minute after the last round's end, or in the current minute if that is later. */
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

/** Each replay with moved times is a separate input, with other blocks than earlier replays. */
function movedIdentity(identity: string, nowMillis: number): string {
  return createHash('sha256').update(`${identity}\n${nowMillis}`).digest('hex');
}

function timeOf(batch: CaptureBatch, row: number): number {
  return batch.timeSeconds[row] * 1000 + batch.timeNanos[row] / 1_000_000;
}

function floorMinute(timeMillis: number): number {
  return Math.floor(timeMillis / minuteMillis) * minuteMillis;
}
