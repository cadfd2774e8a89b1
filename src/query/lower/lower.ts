/** Questions as relational trees. */
import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import { cross, limit, project, sort, summarize } from '../relation/build.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, whole } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { Query, RowOrder } from '../tree.ts';
import { groupAnswerColumns } from './axes.ts';
import type { FlowSelection } from './flows.ts';
import { flowRows, observerRows, weight } from './flows.ts';
import { lowerGroups } from './groups.ts';
import { tupleOrder, tupleRows, withRecordSecond } from './tuples.ts';

/** What a question's meaning depends on besides its text. */
export interface LowerContext {
  /** The first instant of the first date that the tables have; absent if they are empty. */
  readonly firstDateMillis: number | undefined;
  /** Of a count, conversations that are known without their rows; the relation counts those of all other rows. */
  readonly countedBefore?: number;
}

export interface LoweredQuery {
  readonly relation: Relation;
  /** The columns of the answer, in order. The relation may have more behind them: see totalNames in groups.ts. */
  readonly columns: readonly string[];
}

/** The tree of a question. @throws usage */
export function lowerQuery(query: Query, { firstDateMillis, countedBefore = 0 }: LowerContext): LoweredQuery {
  const selection: FlowSelection = { range: query.range ?? {}, where: query.where, firstDateMillis, name: 'now' };
  switch (query.ask) {
    case 'groups':
      return { relation: lowerGroups(query, firstDateMillis), columns: groupAnswerColumns(query) };
    case 'tuples':
      return answered(lowerTuples(query, selection));
    case 'conversations':
      return answered(lowerConversations(query, selection));
    default:
      return answered(lowerCount(query.observations === true, selection, countedBefore));
  }
}

/** Columns that tuples and conversations are shown with. */
const shownNames = flowsColumns.map(({ name }) => name);

function lowerTuples(query: Extract<Query, { ask: 'tuples' }>, selection: FlowSelection): Relation {
  const all = withRecordSecond(tupleRows(selection));
  const origin = query.origin === true ? ['blob', 'record_offset'] : [];
  return project(ordered(all, tupleOrder, query), [...shownNames, ...origin, ...(query.names ?? [])]);
}

/** The rows that an order takes. The opposite order is that of `keys` from its end, without an exception for ties or nulls. */
function ordered(
  rows: Relation,
  keys: readonly string[],
  { limit: count, newest = false, descending = false }: RowOrder,
): Relation {
  const sorted = (of: Relation, isReverse: boolean): Relation =>
    sort(of, ...(isReverse ? keys.map((by) => ({ by, descending: true, nullsFirst: true })) : keys));
  if (count === undefined || newest === descending) return limit(sorted(rows, descending), count);
  return sorted(limit(sorted(rows, newest), count), descending);
}

/** Those of one time and five-tuple are told apart by what their shown observer logged first. */
const flowOrder = 'time src_ip src_port dst_ip dst_port protocol last_time blob record_offset tuple_index'.split(' ');

function lowerConversations(query: Extract<Query, { ask: 'conversations' }>, selection: FlowSelection): Relation {
  const names = query.names ?? [];
  const shown = [...shownNames, 'last_time', 'continued', 'tuples', ...names];
  const named = [...new Set([...shown, ...flowOrder])].map((name): Named => ({ name, value: column(name) }));
  const all = flowRows(selection, () => [...named, { name: 'observers', value: column('observers') }]);
  return project(ordered(all, flowOrder, query), [...shown, 'observers']);
}

function lowerCount(isObserved: boolean, selection: FlowSelection, countedBefore: number): Relation {
  const counted = [{ name: 'flow', value: weight(selection) }];
  const flows = isObserved ? observerRows(selection, counted) : flowRows(selection, () => counted);
  const sum: Expression = call('add', call('coalesce', column('flows'), whole(0)), whole(countedBefore));
  return project(
    cross(
      summarize(tupleRows(selection), [], [{ name: 'tuples', function: 'count' }]),
      summarize(flows, [], [{ name: 'flows', function: 'sum', argument: column('flow') }]),
    ),
    ['tuples', { name: 'conversations', value: sum }],
  );
}

function answered(relation: Relation): LoweredQuery {
  const columns = relation.kind === 'project' ? relation.columns.map(({ name }) => name) : [];
  return { relation, columns };
}
