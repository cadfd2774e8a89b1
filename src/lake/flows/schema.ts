/**
 * Columns of the table `flows`: one row is what one observer saw of one connection on one date, with what belongs to the whole conversation repeated
 * (docs/how-it-works/lake.md, "Flows and conversations"). Columns that tuples have too take their words from the table of columns (../schema.ts).
 */
import { encryptionNames, family4to6, family6to4, stateNames } from '../../flowlog/tuple.ts';
import type { ColumnValues } from '../../parquet/column-values.ts';
import type { LakeColumn } from '../tuples/schema.ts';
import { accessNames, directionNames, lakeColumns, protocolNames } from '../tuples/schema.ts';
import { columnsOf } from '../tuples/stored-columns.ts';
import type { FlowSlice, ReportColumns } from './staged-flows.ts';

export type FlowType = 'boolean' | 'timestamp' | 'date' | 'string' | 'integer' | 'long' | 'reports';

export interface FlowColumn {
  readonly name: string;
  readonly type: FlowType;
  /** `conversation`: the same in all rows of a conversation. `observer`: of what one observer saw. `internal`: for settling. */
  readonly of: 'conversation' | 'observer' | 'internal' | 'partition';
  /** Where the value comes from, and what null means: the column's comment in the table. */
  readonly meaning: string;
  /** Its values, or those of each field of its lists; absent for the partition column. */
  readonly values?: (rows: FlowSlice) => readonly ColumnValues[];
}

/** Fields of the elements of `reports`, in order. */
export const reportFields = [
  { name: 'before', type: 'timestamp' },
  { name: 'time', type: 'timestamp' },
  { name: 'packets_forward', type: 'long' },
  { name: 'bytes_forward', type: 'long' },
  { name: 'packets_reverse', type: 'long' },
  { name: 'bytes_reverse', type: 'long' },
] as const;

type Numbers = keyof {
  [Name in keyof FlowSlice['columns'] as FlowSlice['columns'][Name] extends Float64Array ? Name : never]: 0;
};
type Codes = 'protocol' | 'access' | 'direction' | 'state' | 'encryption' | 'observerAccess';
type Source = (rows: FlowSlice) => readonly ColumnValues[];

const numbers =
  (name: Numbers, scale = 1): Source =>
  ({ columns }) => [{ kind: 'numbers', values: columns[name], scale }];
const counters =
  (name: Numbers): Source =>
  ({ columns }) => [{ kind: 'counters', values: columns[name] }];
const named =
  (name: Codes, names: readonly string[]): Source =>
  ({ columns }) => [{ kind: 'names', codes: columns[name], names }];
const ports =
  (name: 'sourcePort' | 'destinationPort'): Source =>
  ({ columns }) => [{ kind: 'shorts', values: columns[name] }];

type Side = 'source' | 'destination';

const addressesOf = ({ columns }: FlowSlice, side: Side) =>
  ({
    words: columns[side],
    families: columns.family,
    mixedFamily: side === 'source' ? family4to6 : family6to4,
  }) as const;
const addresses =
  (side: Side): Source =>
  (rows) => [{ kind: 'addresses', ...addressesOf(rows, side) }];
const halves =
  (side: Side, half: 0 | 1): Source =>
  (rows) => [{ kind: 'halves', half, ...addressesOf(rows, side) }];

/** A text that a row has of its group, of the flow's first tuple. */
function text(name: string): FlowColumn {
  return same(name, 'observer', ({ groups }) => [groups.column(name)]);
}

const reportColumns: readonly (readonly [keyof ReportColumns, number])[] = [
  ['beforeMillis', 1000],
  ['timeMillis', 1000],
  ['packetsForward', 1],
  ['bytesForward', 1],
  ['packetsReverse', 1],
  ['bytesReverse', 1],
];

const reports =
  (which: 'reports' | 'countingReports'): Source =>
  (rows) =>
    reportColumns.map(([name, scale]) => ({
      kind: 'listed',
      lists: { ends: rows[which].ends },
      values: rows[which].columns[name],
      scale,
      areCounters: scale === 1,
    }));

/** The words of the table of columns. */
function ofTuples(name: string): LakeColumn {
  return lakeColumns.find((column) => column.name === name)!;
}

/** A column that tuples have, too, with the same meaning. */
function same(name: string, of: FlowColumn['of'], values: Source): FlowColumn {
  const { meaning, delta } = ofTuples(name);
  return { name, type: delta, of, meaning, values };
}

function counter(name: 'packets' | 'bytes', way: 'forward' | 'reverse', values: Source): FlowColumn {
  return {
    name: `${name}_${way}`,
    type: 'long',
    of: 'conversation',
    meaning: `${name === 'packets' ? 'Packets' : 'Bytes'} ${way === 'forward' ? 'initiator to responder' : 'responder to initiator'}, as the observer that counts logged them; null if not counted.`,
    values,
  };
}

const own = 'null if it is that of the conversation.';

/** Columns of each table of flows. */
export const firstColumns: readonly FlowColumn[] = [
  {
    name: 'time',
    type: 'timestamp',
    of: 'conversation',
    meaning: 'The time of the conversation’s first tuple, of any observer, UTC.',
    values: numbers('timeMillis', 1000),
  },
  {
    name: 'last_time',
    type: 'timestamp',
    of: 'conversation',
    meaning: 'The time of the conversation’s last tuple, of any observer, UTC.',
    values: numbers('lastTimeMillis', 1000),
  },
  same('src_ip', 'conversation', addresses('source')),
  same('src_port', 'conversation', ports('sourcePort')),
  same('dst_ip', 'conversation', addresses('destination')),
  same('dst_port', 'conversation', ports('destinationPort')),
  same('protocol', 'conversation', named('protocol', protocolNames)),
  {
    name: 'access',
    type: 'string',
    of: 'conversation',
    meaning: 'deny if an observer denied, else allow.',
    values: named('access', accessNames),
  },
  counter('packets', 'forward', counters('packetsForward')),
  counter('bytes', 'forward', counters('bytesForward')),
  counter('packets', 'reverse', counters('packetsReverse')),
  counter('bytes', 'reverse', counters('bytesReverse')),
  {
    name: 'continued',
    type: 'boolean',
    of: 'conversation',
    meaning: 'Whether the connection began on an earlier date, which has a row of its own for it.',
    values: ({ columns }) => [{ kind: 'booleans', values: columns.continued }],
  },
  {
    name: 'tuples',
    type: 'integer',
    of: 'conversation',
    meaning: 'How many tuples the conversation has, of all observers.',
    values: numbers('tuples'),
  },
  {
    name: 'observer',
    type: 'integer',
    of: 'observer',
    meaning: 'Which observer of the conversation this is, from 0: 0 is shown without a filter.',
    values: numbers('observer'),
  },
  {
    name: 'observers',
    type: 'integer',
    of: 'conversation',
    meaning: 'How many observers, and so rows, the conversation has.',
    values: numbers('observers'),
  },
  {
    name: 'conversation',
    type: 'long',
    of: 'conversation',
    meaning: 'A number that the rows of one conversation share; null if observers is 1.',
    values: ({ columns }) => [
      { kind: 'halves', half: 0, words: columns.conversation, families: columns.conversationFamily, mixedFamily: 0 },
    ],
  },
  same('direction', 'observer', named('direction', directionNames)),
  {
    name: 'state',
    type: 'string',
    of: 'observer',
    meaning:
      'begin, continuing, end or denied, of the observer’s last tuple; null in NSG version 1, which has no state.',
    values: named('state', stateNames),
  },
  text('rule'),
  text('nsg'),
  text('mac'),
  same('encryption', 'observer', named('encryption', encryptionNames)),
  {
    name: 'observer_time',
    type: 'timestamp',
    of: 'observer',
    meaning: `The time of the observer’s first tuple; ${own}`,
    values: numbers('observerTimeMillis', 1000),
  },
  {
    name: 'observer_last_time',
    type: 'timestamp',
    of: 'observer',
    meaning: `The time of the observer’s last tuple; ${own}`,
    values: numbers('observerLastTimeMillis', 1000),
  },
  {
    name: 'observer_access',
    type: 'string',
    of: 'observer',
    meaning:
      'What the rule of the observer decided; null if it is that of the conversation, and so are all four counters.',
    values: named('observerAccess', [...accessNames, '']),
  },
  {
    name: 'observer_tuples',
    type: 'integer',
    of: 'observer',
    meaning: 'How many tuples the observer logged; null if observers is 1: then it is that of the conversation.',
    values: numbers('observerTuples'),
  },
  ...(
    [
      ['packets_forward', 'observerPacketsForward'],
      ['bytes_forward', 'observerBytesForward'],
      ['packets_reverse', 'observerPacketsReverse'],
      ['bytes_reverse', 'observerBytesReverse'],
    ] as const
  ).map(([name, column]): FlowColumn => {
    const [unit, way] = name.split('_');
    return {
      name: `observer_${name}`,
      type: 'long',
      of: 'observer',
      meaning: `${unit === 'packets' ? 'Packets' : 'Bytes'} ${way} that the observer logged; null if not counted, or if observer_access is null: then it is that of the conversation.`,
      values: counters(column),
    };
  }),
  {
    name: 'reports',
    type: 'reports',
    of: 'observer',
    meaning:
      'The observer’s tuples with counters, in order: `before` is the time of the flow’s previous tuple, null if the date has none. Null if nothing was counted, or if the only report goes from the observer’s first to its last time.',
    values: reports('reports'),
  },
  {
    name: 'counting_reports',
    type: 'reports',
    of: 'conversation',
    meaning:
      'On the row of observer 0, if another observer counts: the reports of that observer. Null on all other rows.',
    values: reports('countingReports'),
  },
  same('src_ipv6_high', 'conversation', halves('source', 0)),
  same('src_ipv6_low', 'conversation', halves('source', 1)),
  same('dst_ipv6_high', 'conversation', halves('destination', 0)),
  same('dst_ipv6_low', 'conversation', halves('destination', 1)),
  text('format'),
  text('resource_id'),
  text('target_id'),
  text('acl_id'),
  {
    name: 'record_time',
    type: 'timestamp',
    of: 'observer',
    meaning: 'When the first record of the flow was flushed, UTC; null if no record says.',
    values: numbers('recordTimeMillis', 1000),
  },
  { ...text('blob'), meaning: 'Where the flow’s first tuple was read.' },
  same('record_offset', 'observer', numbers('recordOffset')),
  {
    ...same('tuple_index', 'observer', ({ columns }) => [{ kind: 'sequence', values: columns.tupleIndex }]),
    meaning: 'Which tuple of its record the flow’s first tuple is, from 0.',
  },
  {
    name: 'group_before_millis',
    type: 'integer',
    of: 'internal',
    meaning: 'How long before `time` the first of the flows began that are matched together, in milliseconds.',
    values: numbers('groupBeforeMillis'),
  },
  {
    name: 'group_after_millis',
    type: 'integer',
    of: 'internal',
    meaning: 'How long after `last_time` a tuple would still belong to these flows, in milliseconds.',
    values: numbers('groupAfterMillis'),
  },
];

/** With the texts of groups that came later, which an older table may lack. */
export const flowColumns: readonly FlowColumn[] = [
  ...firstColumns,
  ...columnsOf('text')
    .filter((column) => firstColumns.every(({ name }) => name !== column.name))
    .map(({ name }) => text(name)),
  { name: 'date', type: 'date', of: 'partition', meaning: 'UTC date of the time: the partition.' },
];
