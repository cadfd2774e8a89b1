/** Tuples as they were logged. */
import { limits } from '../../base/limits.ts';
import { extend, filter, scan, window } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, column, when, whole } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { Condition, QueryRange } from '../tree.ts';
import { conditionExpression } from './condition.ts';
import { withinRange } from './flows.ts';

/** Which tuples a question is about. */
export interface TupleSelection {
  readonly range: QueryRange;
  readonly where: Condition | undefined;
}

/** A flow of which no tuple comes for so long is over. */
const idleMillis = limits.tupleBeforeMillisMax;
const dayMillis = 86_400_000;

/** Identifies what one observer saw of a five-tuple, with one access. */
const flowKey = 'src_ip src_port dst_ip dst_port protocol resource_id mac direction format access'.split(' ');

/** Tuples in order: time, the record's second, and their place in the blob. */
export const tupleOrder = ['time', 'record_second', 'record_offset', 'tuple_index', 'blob'];

/** The tuples of a selection. */
export function tupleRows({ range, where }: TupleSelection): Relation {
  return filter(
    scan('tuples'),
    ...withinRange(range, column('time')),
    where === undefined ? undefined : conditionExpression(where),
  );
}

/** Tuples with the column `record_second`, for tupleOrder. */
export function withRecordSecond(rows: Relation): Relation {
  return extend(rows, [{ name: 'record_second', value: call('second', column('record_time')) }]);
}

/**
 * The tuples of a selection, each with the time from which its counters count (`covered_from`, epoch milliseconds): that of its flow's tuple
 * before, on the same date; its own if it opens a flow; null if the tuple before is not known.
 */
export function coveredTupleRows({ range, where }: TupleSelection): Relation {
  // The tuple before may lie before the range.
  const wide = range.start === undefined ? range : { ...range, start: range.start - idleMillis };
  const rows = withRecordSecond(tupleRows({ range: wide, where: undefined }));
  const previous = window(rows, 'previous_time', { kind: 'previous', column: 'time' }, flowKey, tupleOrder);
  const [at, before] = [call('millis', column('time')), call('millis', column('previous_time'))];
  const date = call('multiply', call('quotient', at, whole(dayMillis)), whole(dayMillis));
  const isNear = call(
    'and',
    call('greater_or_equal', before, date),
    call('greater_or_equal', before, call('subtract', at, whole(idleMillis))),
  );
  const covered = extend(previous, [{ name: 'covered_from', value: when(opensFlow(), at, when(isNear, before)) }]);
  return filter(
    covered,
    ...(range.start === undefined ? [] : withinRange({ start: range.start }, column('time'))),
    where === undefined ? undefined : conditionExpression(where),
  );
}

/** A begin, a denied tuple and a tuple without state open a flow. */
function opensFlow(): Expression {
  const state = column('state');
  const opening = ['begin', 'denied'].map((value) => call('equal', state, { kind: 'literal', type: 'text', value }));
  return call('or', call('is_null', state), ...opening);
}
