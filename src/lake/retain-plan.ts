/** Which dates a retention removes from both tables: numbers only, nothing is read or written. */
import { FlowError } from '../base/errors.ts';
import { dayMillis, formatTime } from '../base/time.ts';
import type { AddAction } from './delta/delta-log.ts';
import { dateOf } from './delta/file-date.ts';

/** What is to be kept. */
export interface RetentionRules {
  /** Tuples of dates that ended more than so many days ago go; absent keeps all. */
  readonly tuplesDays?: number | undefined;
  /** The same of conversations. */
  readonly conversationsDays?: number | undefined;
  /** Bytes that the data files of both tables may take together; absent is no limit. */
  readonly budgetBytes?: number | undefined;
}

/** What the lake holds, and which of it is frozen. */
export interface RetentionInput {
  readonly tuples: Iterable<AddAction>;
  readonly flows: Iterable<AddAction>;
  /** Dates before this one are frozen, or were about to be; '' where none is. */
  readonly frozen: string;
}

export interface RetentionPlan {
  /** Dates before these lose their tuples and their conversations; '' where none does. */
  readonly tuplesBefore: string;
  readonly conversationsBefore: string;
  /** Dates that would go, but ended less than two days ago. */
  readonly waiting: readonly string[];
  /** Bytes of the data files that stay. */
  readonly bytes: number;
}

/** A date is frozen so long after its end at the earliest: logs come late. */
const frozenAfterDays = 2;

/** @throws usage where conversations are to be kept shorter than tuples */
export function checkRetentionRules({ tuplesDays, conversationsDays }: RetentionRules): void {
  if (tuplesDays === undefined || conversationsDays === undefined || conversationsDays >= tuplesDays) return;
  throw new FlowError(
    'usage',
    `conversations are not kept shorter than tuples: ${conversationsDays} days are less than ${tuplesDays}`,
    { hint: 'Give --conversations at least as many days as --tuples.' },
  );
}

/** @throws usage where conversations would go before their tuples */
export function planRetention(input: RetentionInput, rules: RetentionRules, nowMillis: number): RetentionPlan {
  checkRetentionRules(rules);
  const { tuplesDays, conversationsDays, budgetBytes = Infinity } = rules;
  const tuples = sizesOf(input.tuples);
  const flows = sizesOf(input.flows);
  const freezable = firstKept(nowMillis, frozenAfterDays);
  const wanted = {
    tuples: tuplesDays === undefined ? '' : firstKept(nowMillis, tuplesDays),
    conversations: conversationsDays === undefined ? '' : firstKept(nowMillis, conversationsDays),
  };
  let tuplesBefore = later(earlier(wanted.tuples, freezable), input.frozen);
  let conversationsBefore = earlier(wanted.conversations, freezable);
  const stays = [...tuples.dates.keys()].find((date) => date >= tuplesBefore && date < conversationsBefore);
  if (stays !== undefined)
    throw new FlowError('usage', `conversations are not kept shorter than tuples, and there are tuples of ${stays}`, {
      hint: 'Keep tuples no longer than conversations: --tuples N, or --days N for both.',
    });
  let bytes = bytesFrom(tuples, tuplesBefore) + bytesFrom(flows, conversationsBefore);
  for (const [date, size] of tuples.dates) {
    if (bytes <= budgetBytes || date >= freezable) break;
    if (date < tuplesBefore) continue;
    tuplesBefore = dayAfter(date);
    bytes -= size;
  }
  for (const [date, size] of flows.dates) {
    if (bytes <= budgetBytes || date >= tuplesBefore) break;
    if (date < conversationsBefore) continue;
    conversationsBefore = dayAfter(date);
    bytes -= size;
  }
  // Nothing is frozen of which there is nothing.
  const dates = [...new Set([...tuples.dates.keys(), ...flows.dates.keys()])].sort();
  if (!dates.some((date) => date >= input.frozen && date < tuplesBefore)) tuplesBefore = input.frozen;
  conversationsBefore = earlier(conversationsBefore, tuplesBefore);
  const waiting = dates.filter(
    (date) =>
      date >= freezable &&
      (date < later(wanted.tuples, wanted.conversations) || (bytes > budgetBytes && isOver(date, nowMillis))),
  );
  return { tuplesBefore, conversationsBefore, waiting, bytes };
}

/** The first date that is kept: all before ended so many days ago, or earlier. */
function firstKept(nowMillis: number, days: number): string {
  return formatTime(nowMillis - days * dayMillis).slice(0, 10);
}

function dayAfter(date: string): string {
  return formatTime(Date.parse(`${date}T00:00:00Z`) + dayMillis).slice(0, 10);
}

function isOver(date: string, nowMillis: number): boolean {
  return Date.parse(`${date}T00:00:00Z`) + dayMillis <= nowMillis;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Bytes by date, ascending, and of files without one, which stay. */
interface Sizes {
  readonly dates: ReadonlyMap<string, number>;
  readonly other: number;
}

function sizesOf(adds: Iterable<AddAction>): Sizes {
  const dates = new Map<string, number>();
  let other = 0;
  for (const add of adds) {
    const date = dateOf(add);
    if (/^\d{4}-\d{2}-\d{2}$/.test(date)) dates.set(date, (dates.get(date) ?? 0) + add.size);
    else other += add.size;
  }
  return { dates: new Map([...dates].sort(([a], [b]) => (a < b ? -1 : 1))), other };
}

function bytesFrom({ dates, other }: Sizes, first: string): number {
  return [...dates].reduce((sum, [date, size]) => sum + (date >= first ? size : 0), other);
}
