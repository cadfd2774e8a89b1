/**
 * Counters over time buckets. A report counts from the tuple before it to its own time (or at its own time only); its counters are divided by
 * the time that falls into each bucket, so that the parts of all buckets add up to the whole.
 */
import { limits } from '../../base/limits.ts';
import { extend, project, unnest } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, column, when, whole, wholeValue } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';

/** Reports of a flow come every five minutes: so much is covered by a report whose tuple before is not known. */
const reportMillis = 300_000;

export interface Series {
  readonly bucketMillis: number;
  readonly atReport: boolean;
  /** No bucket begins earlier than that of this time. */
  readonly startMillis: number | undefined;
  /** Added to all times, so that an earlier period lies over the one that it is compared with. */
  readonly shiftMillis: number;
}

/** The number of a bucket, from 1970: its start is that times the width. */
export function bucketNumber({ bucketMillis }: Series, millis: Expression): Expression {
  return call('quotient', millis, whole(bucketMillis));
}

/** The start of the bucket in which a row begins, in epoch milliseconds; of one that began before the range, the first bucket. */
export function beginBucket(series: Series, time: Expression): Expression {
  const millis = call('millis', time);
  return bucketStart(series, bucketNumber(series, shifted(series, notBefore(series, millis))));
}

/** Whether the report from `before` to `time` lies in one bucket, which is that in which the row begins. */
export function isInBeginBucket(series: Series, begin: Expression, before: Expression, time: Expression): Expression {
  const number = (millis: Expression): Expression => bucketNumber(series, shifted(series, millis));
  const [from, at] = [call('millis', before), call('millis', time)];
  return call('equal', number(call('millis', begin)), number(series.atReport ? at : lastCovered(from, at)));
}

/**
 * One row for each bucket over which a report counts, with `bucket` (its start), and the parts of the counters.
 * @param rows have `kept`, `counters`, `covered_from` (epoch milliseconds, null where the tuple before is not known) and `covered_to`
 */
export function spreadRows(
  rows: Relation,
  series: Series,
  kept: readonly string[],
  counters: readonly string[],
): Relation {
  const to = column('covered_to');
  if (series.atReport) {
    const bucket = bucketStart(series, bucketNumber(series, shifted(series, to)));
    return project(rows, [...kept, { name: 'bucket', value: bucket }, ...counters]);
  }
  const from = call('coalesce', column('covered_from'), call('subtract', to, whole(reportMillis)));
  const far = call('subtract', to, whole(limits.seriesBucketsMax * series.bucketMillis));
  const covered = project(rows, [
    ...kept,
    ...counters,
    { name: 'span_from', value: shifted(series, call('greatest', far, notBefore(series, from))) },
    { name: 'span_to', value: shifted(series, to) },
  ]);
  const [spanFrom, spanTo] = [column('span_from'), column('span_to')];
  const buckets = call('sequence', bucketNumber(series, spanFrom), bucketNumber(series, lastCovered(spanFrom, spanTo)));
  const pieces = extend(unnest(covered, buckets, 'piece'), [
    { name: 'bucket', value: bucketStart(series, column('piece')) },
    { name: 'span', value: call('greatest', call('subtract', spanTo, spanFrom), whole(1)) },
  ]);
  const start = column('bucket');
  const end = call('add', start, whole(series.bucketMillis));
  const cut = project(pieces, [
    ...kept,
    'bucket',
    ...counters,
    'span',
    { name: 'part_from', value: call('subtract', call('greatest', spanFrom, start), spanFrom) },
    { name: 'part_to', value: call('subtract', call('least', spanTo, end), spanFrom) },
  ]);
  const isWhole = call(
    'and',
    call('equal', column('part_from'), whole(0)),
    call('greater_or_equal', column('part_to'), column('span')),
  );
  const upTo = (name: string, to: string): Expression => call('share', column(name), column(to), column('span'));
  return project(cut, [
    ...kept,
    'bucket',
    ...counters.map((name) => {
      const part = call('subtract', upTo(name, 'part_to'), upTo(name, 'part_from'));
      return { name, value: when(call('or', isPoint, isWhole), column(name), part) };
    }),
  ]);
}

/** Whether a report counts at one time only. */
const isPoint = call('equal', column('part_from'), column('part_to'));

function bucketStart({ bucketMillis }: Series, number: Expression): Expression {
  return call('multiply', number, whole(bucketMillis));
}

/** The last millisecond over which a report counts. */
function lastCovered(from: Expression, to: Expression): Expression {
  return when(call('less', from, to), call('subtract', to, whole(1)), to);
}

function notBefore({ startMillis }: Series, millis: Expression): Expression {
  return startMillis === undefined ? millis : call('greatest', millis, wholeValue('long', Math.ceil(startMillis)));
}

function shifted({ shiftMillis }: Series, millis: Expression): Expression {
  return shiftMillis === 0 ? millis : call('add', millis, whole(shiftMillis));
}
