/**
 * Whether a lake has each minute of each NIC's log. Azure writes nothing for a NIC without traffic, so a minute without a
 * record is missing only if there is evidence:
 *
 *   present    the lake has a record of the minute
 *   missing    evidence: `rejected` bytes of its blob; an open flow that should continue in it (`open-flow`); an hour without a
 *              blob between hours of an open flow (`absent-hour`); a report of the recorder (`dropped`)
 *   quiet      no evidence, in an hour whose blob was read, and that has ended or has later records
 *   unknown    neither: before a NIC's first record, after the last known one, in an hour without a known blob, or while the
 *              recorder's spool has minutes since then (`spooled`)
 *
 * Reasons: docs/how-it-works/decisions/0012-completeness.md.
 */
import { hourMillis, minuteMillis } from '../base/time.ts';
import { parseBlobPath } from '../flowlog/blob-path.ts';
import type { Lake } from '../lake/lake.ts';
import type { TimeRange } from '../lake/delta/snapshot.ts';
import type { DueMinute, LogKey, RecordedHour } from './log-evidence.ts';
import { LogEvidence } from './log-evidence.ts';
import type { RecorderLosses } from '../deliver/recorder-losses.ts';
import { isNeverRead } from '../source/unread.ts';

export type MinuteState = 'present' | 'quiet' | 'missing' | 'unknown';
type Loss = 'rejected' | 'open-flow' | 'absent-hour' | 'dropped';
type Evidence = Loss | 'spooled' | '';

/** Consecutive minutes of one NIC's log with the same state and evidence. */
export interface MinuteRange extends LogKey {
  /** Start included, end excluded. */
  readonly startMillis: number;
  readonly endMillis: number;
  readonly state: MinuteState;
  readonly evidence: Evidence;
}

/** Reasons of rejections that lose no tuple. Nothing is known about unread bytes. */
const harmless: ReadonlySet<string> = new Set([
  'text-malformed',
  'encryption-unknown',
  'field-unreadable',
  'counter-too-large',
  'unread',
]);
/** An open flow with at least this many of an hour's twelve ticks spanned the whole hour. */
const ticksThroughHour = 10;

/** The minutes in `range` of each NIC's log, by NIC and in order of time. */
export async function* minutesOf(
  lake: Lake,
  range: TimeRange,
  losses: RecorderLosses | undefined,
): AsyncGenerator<MinuteRange> {
  const { byKey } = await lake.positions();
  const blobHours = new Map<string, Set<number>>();
  const rejected: { blob: string; startByte: number; endByte: number }[] = [];
  for (const [blob, position] of byKey) {
    const { rejections = [] } = position;
    const path = parseBlobPath(blob);
    if (path?.mac !== undefined && !isNeverRead(position))
      hoursFor(blobHours, keyText({ ...path, mac: path.mac })).add(path.hourMillis);
    for (const { startByte, endByte, reason } of rejections)
      if (!harmless.has(reason)) rejected.push({ blob, startByte, endByte });
  }
  const evidence = await LogEvidence.open(await lake.snapshot(), range);
  try {
    const missing = await missingMinutes(evidence, rejected, losses);
    const due = await dueOf(evidence);
    let log: RecordedHour[] = [];
    const seen = new Set<string>();
    const judge = function* (): Generator<MinuteRange> {
      if (log.length === 0) return;
      const text = keyText(log[0]);
      seen.add(text);
      const judged = new NicLog(log, hoursFor(blobHours, text), missing.get(text), due.get(text), losses);
      yield* judged.ranges(range);
    };
    for await (const hour of evidence.recordedHours()) {
      if (log.length > 0 && keyText(log[0]) !== keyText(hour)) {
        yield* judge();
        log = [];
      }
      log.push(hour);
    }
    yield* judge();
    for (const [text, minutes] of missing)
      if (!seen.has(text))
        yield* new NicLog([], hoursFor(blobHours, text), minutes, undefined, losses, keyOfText(text)).ranges(range);
  } finally {
    await evidence.close();
  }
}

/** Minutes that are certainly missing, by NIC. */
async function missingMinutes(
  evidence: LogEvidence,
  rejected: readonly { blob: string; startByte: number; endByte: number }[],
  losses: RecorderLosses | undefined,
): Promise<Map<string, Map<number, Loss>>> {
  const missing = new Map<string, Map<number, Loss>>();
  const add = (text: string, minute: number, why: Loss): void => {
    let minutes = missing.get(text);
    if (minutes === undefined) missing.set(text, (minutes = new Map()));
    minutes.set(minute, why);
  };
  const found = new Set<number>();
  if (rejected.length > 0)
    for await (const { range, beforeMillis, afterMillis, ...key } of evidence.neighbours(rejected)) {
      found.add(range);
      add(keyText(key), minuteOfRejection(beforeMillis, afterMillis), 'rejected');
    }
  for (const [i, { blob }] of rejected.entries()) {
    const path = found.has(i) ? undefined : parseBlobPath(blob);
    if (path === undefined) continue;
    for (let minute = 0; minute < 60; minute++)
      add(keyText({ ...path, mac: path.mac ?? '' }), path.hourMillis + minute * minuteMillis, 'rejected');
  }
  for (const { blob, startMillis, endMillis } of losses?.dropped ?? []) {
    const path = parseBlobPath(blob);
    if (path === undefined) continue;
    const end = Math.min(endMillis, path.hourMillis + hourMillis);
    for (let at = Math.max(startMillis, path.hourMillis); at < end; at += minuteMillis)
      add(keyText({ ...path, mac: path.mac ?? '' }), at, 'dropped');
  }
  return missing;
}

/**
 * A minute that a rejected range certainly belongs to: the one after the record before it, unless the next record
 * already has it.
 */
function minuteOfRejection(beforeMillis: number | undefined, afterMillis: number | undefined): number {
  if (beforeMillis === undefined) return (afterMillis ?? 0) - minuteMillis;
  const next = beforeMillis + minuteMillis;
  return afterMillis !== undefined && afterMillis > next ? next : beforeMillis;
}

async function dueOf(evidence: LogEvidence): Promise<Map<string, DueMinute[]>> {
  const due = new Map<string, DueMinute[]>();
  for await (const minute of evidence.dueMinutes()) {
    const text = keyText(minute);
    const minutes = due.get(text);
    if (minutes === undefined) due.set(text, [minute]);
    else minutes.push(minute);
  }
  return due;
}

interface Verdict {
  readonly state: MinuteState;
  readonly evidence: Evidence;
}

/** One object for each verdict, so that minutes can be compared by identity. */
const verdicts = {
  present: { state: 'present', evidence: '' },
  quiet: { state: 'quiet', evidence: '' },
  unknown: { state: 'unknown', evidence: '' },
  spooled: { state: 'unknown', evidence: 'spooled' },
  rejected: { state: 'missing', evidence: 'rejected' },
  'open-flow': { state: 'missing', evidence: 'open-flow' },
  'absent-hour': { state: 'missing', evidence: 'absent-hour' },
  dropped: { state: 'missing', evidence: 'dropped' },
} as const satisfies Record<string, Verdict>;

/** The log of one NIC, by hour. */
class NicLog {
  readonly #key: LogKey;
  readonly #hours = new Map<number, RecordedHour>();
  readonly #blobHours: ReadonlySet<number>;
  readonly #missing: ReadonlyMap<number, Loss>;
  readonly #due = new Set<number>();
  readonly #dueInHour = new Map<number, number>();
  readonly #spooledFrom: number;
  readonly #firstMinute: number;
  readonly #lastMinute: number;
  readonly #firstHour: number;
  readonly #lastHour: number;

  constructor(
    hours: readonly RecordedHour[],
    blobHours: ReadonlySet<number>,
    missing: ReadonlyMap<number, Loss> = new Map(),
    due: readonly DueMinute[] = [],
    losses?: RecorderLosses,
    key: LogKey = hours[0],
  ) {
    this.#key = key;
    for (const hour of hours) this.#hours.set(hour.hourMillis, hour);
    this.#blobHours = blobHours;
    this.#missing = missing;
    this.#spooledFrom = losses?.spooledFromMillis ?? Infinity;
    for (const { minuteMillis: at } of due) {
      if (this.#isPresent(at) || this.#isPresent(at + minuteMillis)) continue;
      if (this.#due.has(at)) continue;
      this.#due.add(at);
      const hour = hourOf(at);
      this.#dueInHour.set(hour, (this.#dueInHour.get(hour) ?? 0) + 1);
    }
    const known = [...this.#hours.keys(), ...blobHours, ...[...missing.keys()].map(hourOf)];
    this.#firstHour = known.reduce((first, at) => Math.min(first, at), Infinity);
    this.#lastHour = known.reduce((last, at) => Math.max(last, at), -Infinity);
    this.#firstMinute = this.#edge(this.#firstHour, 1);
    this.#lastMinute = this.#edge(this.#lastHour, -1);
  }

  *ranges({ start = -Infinity, end = Infinity }: TimeRange): Generator<MinuteRange> {
    const from = Math.max(this.#firstHour, Math.ceil(start / minuteMillis) * minuteMillis);
    const to = Math.min(this.#lastHour + hourMillis, end);
    let startMillis = from;
    let verdict: Verdict | undefined;
    for (let at = from; at < to; at += minuteMillis) {
      const next = this.#judge(at);
      if (next !== verdict && verdict !== undefined) {
        yield { ...this.#key, startMillis, endMillis: at, ...verdict };
        startMillis = at;
      }
      verdict = next;
    }
    if (verdict !== undefined)
      yield {
        ...this.#key,
        startMillis,
        endMillis: Math.max(from, Math.ceil(to / minuteMillis) * minuteMillis),
        ...verdict,
      };
  }

  #judge(at: number): Verdict {
    const why = this.#missing.size === 0 ? undefined : this.#missing.get(at);
    const isPresent = this.#isPresent(at);
    if (why !== undefined && (why === 'rejected' || !isPresent)) return verdicts[why];
    if (isPresent) return verdicts.present;
    const hour = hourOf(at);
    const isAbsent = !this.#hours.has(hour) && !this.#blobHours.has(hour);
    if (isAbsent && (this.#dueInHour.get(hour) ?? 0) >= ticksThroughHour) return verdicts['absent-hour'];
    if (this.#due.size > 0 && this.#due.has(at)) return verdicts['open-flow'];
    if (at >= this.#spooledFrom) return verdicts.spooled;
    return isAbsent || at < this.#firstMinute || at > this.#lastMinute ? verdicts.unknown : verdicts.quiet;
  }

  #isPresent(at: number): boolean {
    const hour = this.#hours.get(hourOf(at));
    if (hour === undefined) return false;
    const minute = (at - hour.hourMillis) / minuteMillis;
    return minute < 30 ? (hour.first & (1 << minute)) !== 0 : (hour.second & (1 << (minute - 30))) !== 0;
  }

  /** The first or last minute of an hour with a record. */
  #edge(hour: number, step: 1 | -1): number {
    for (let i = 0; i < 60; i++) {
      const at = hour + (step > 0 ? i : 59 - i) * minuteMillis;
      if (this.#isPresent(at)) return at;
    }
    return step > 0 ? hour : hour - minuteMillis;
  }
}

function hourOf(at: number): number {
  return Math.floor(at / hourMillis) * hourMillis;
}

function keyText({ kind, resourceId, mac }: LogKey): string {
  return `${kind}\n${resourceId.toUpperCase()}\n${mac}`;
}

function keyOfText(text: string): LogKey {
  const [kind, resourceId, mac] = text.split('\n');
  return { kind: kind === 'vnet' ? 'vnet' : 'nsg', resourceId, mac };
}

function hoursFor(hours: Map<string, Set<number>>, text: string): Set<number> {
  let some = hours.get(text);
  if (some === undefined) hours.set(text, (some = new Set()));
  return some;
}
