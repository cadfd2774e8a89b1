/**
 * The one table of columns. Storage (Delta and Parquet), the view `tuples`, filter fields, grouping and labels are all read from
 * it: a new column is one entry here.
 *
 * Types are Delta's first ones only, as every other reader sees them: ports `integer`, counters `long`, times `timestamp`
 * (TIMESTAMPTZ in DuckDB, UTC in Parquet), texts `string`. No unsigned type, no HUGEINT, no UUID (DESIGN decision 1).
 *
 * A row is one flow tuple of one log. Null is not zero (DESIGN decision 9): a counter is null where the log does not count.
 */
import { encryptionNames, family4to6, family6to4, stateNames } from '../../flowlog/tuple.ts';
import { formatProtocol } from '../../net/protocol.ts';
import type { AddressValues, ColumnValues } from '../../parquet/column-values.ts';
import type { GroupText, StagedRows } from './staged-rows.ts';
import { groupTexts } from './staged-rows.ts';

export type DeltaType = 'timestamp' | 'date' | 'string' | 'integer' | 'long';

/** How DuckDB names the type of each Delta type; what it writes to Parquet is what Delta asks for. */
export const duckdbTypes = {
  timestamp: 'TIMESTAMPTZ',
  date: 'DATE',
  string: 'VARCHAR',
  integer: 'INTEGER',
  long: 'BIGINT',
} as const satisfies Record<DeltaType, string>;

/** What a filter does with a column's values. */
export type FilterKind = 'time' | 'address' | 'port' | 'protocol' | 'name' | 'mac' | 'rule' | 'text' | 'counter';

type ColumnSource = (rows: StagedRows) => ColumnValues;

export interface LakeColumn {
  readonly name: string;
  readonly delta: DeltaType;
  /** `flows`: of the view `tuples`, in this order. `internal`: for engines, and to trace a row to its bytes. `partition`: in the folder's name only. */
  readonly place: 'flows' | 'internal' | 'partition';
  /** Whether `top --by` and the like may group by it. */
  readonly groupable: boolean;
  /** Filter fields that mean this column: the first is the one that messages use. None: not a filter field. */
  readonly fields: readonly string[];
  readonly filter?: FilterKind;
  /** All values that a `name` can have. */
  readonly values?: readonly string[];
  /** For headings. */
  readonly label: string;
  readonly unit?: 'packets' | 'bytes';
  /** Where the value comes from, and what null means: the column's comment in the table. */
  readonly meaning: string;
  /** Its values of staged rows; absent for the partition column. */
  readonly value?: ColumnSource;
}

const flows = { place: 'flows', groupable: true } as const;
const uncountable = { place: 'flows', groupable: false } as const;
const internal = { place: 'internal', groupable: false, fields: [] as string[] } as const;

/** A column whose values are a few names, by code; '' is null. */
function named(codes: (rows: StagedRows) => Uint8Array, names: readonly string[]): ColumnSource {
  return (rows) => ({ kind: 'names', codes: codes(rows), names });
}

/** A column whose value is one for all rows of a group. */
function grouped(name: GroupText): ColumnSource {
  const which = groupTexts.indexOf(name);
  return ({ runs, runEnd: ends, runGroup: ids, tables: { groups } }) => ({
    kind: 'texts',
    runs,
    ends,
    ids,
    texts: groups.map((texts) => texts[which]),
  });
}

/** A column whose value is one for all rows of a record. */
function ofRecord(values: (rows: StagedRows) => readonly number[], scale = 1): ColumnSource {
  return (rows) => {
    const { runs, runEnd: ends, runRecord: ids } = rows;
    return { kind: 'longs', runs, ends, ids, longs: values(rows), scale };
  };
}

type Side = 'src' | 'dst';

function addressesOf(rows: StagedRows, side: Side): AddressValues {
  return side === 'src'
    ? { words: rows.source, families: rows.family, mixedFamily: family4to6 }
    : { words: rows.destination, families: rows.family, mixedFamily: family6to4 };
}

/** The text of an address. */
function address(side: Side): ColumnSource {
  return (rows) => ({ kind: 'addresses', ...addressesOf(rows, side) });
}

/** A half of an IPv6 address. */
function addressHalf(side: Side, half: 0 | 1): ColumnSource {
  return (rows) => ({ kind: 'halves', half, ...addressesOf(rows, side) });
}

/** 64 bits of two words as a signed number. */
export function signedHalf(high: number, low: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

/** By code: directionInbound, directionOutbound. */
export const directionNames = ['inbound', 'outbound'];
/** By code: accessAllow, accessDeny. */
export const accessNames = ['allow', 'deny'];
export const protocolNames = Array.from({ length: 256 }, (_, number) => formatProtocol(number));

function counter(direction: 'forward' | 'reverse', unit: 'packets' | 'bytes'): LakeColumn {
  const name = `${unit}_${direction}`;
  const way = direction === 'forward' ? 'initiator to responder' : 'responder to initiator';
  return {
    ...uncountable,
    name,
    delta: 'long',
    fields: [`${unit}.${direction}`],
    filter: 'counter',
    label: `${unit === 'packets' ? 'Packets' : 'Bytes'} ${direction}`,
    unit,
    meaning: `${unit === 'packets' ? 'Packets' : 'Bytes'} ${way} since the flow's previous tuple; null where not counted.`,
    value: (rows) => ({ kind: 'counters', values: counterOf(rows, direction, unit) }),
  };
}

function counterOf(rows: StagedRows, direction: 'forward' | 'reverse', unit: 'packets' | 'bytes'): Float64Array {
  if (unit === 'packets') return direction === 'forward' ? rows.packetsForward : rows.packetsReverse;
  return direction === 'forward' ? rows.bytesForward : rows.bytesReverse;
}

/**
 * An IPv6 address for ranges, as two signed halves (a block of one or more bits never crosses a sign). IPv4 ranges are asked of the text
 * (address-pattern.ts). Tables of nsgflow 0.1 also have `src_ipv4` and `dst_ipv4`, which newer files leave null.
 */
function addressKeys(side: Side): LakeColumn[] {
  const who = side === 'src' ? 'source' : 'destination';
  const key = { ...internal, delta: 'long' } as const;
  return [
    {
      ...key,
      name: `${side}_ipv6_high`,
      label: `IPv6 ${who}, high half`,
      meaning: `The first 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      value: addressHalf(side, 0),
    },
    {
      ...key,
      name: `${side}_ipv6_low`,
      label: `IPv6 ${who}, low half`,
      meaning: `The last 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      value: addressHalf(side, 1),
    },
  ];
}

export const lakeColumns: readonly LakeColumn[] = [
  {
    ...uncountable,
    name: 'time',
    delta: 'timestamp',
    fields: ['time'],
    filter: 'time',
    label: 'Time',
    meaning: 'The time of the tuple, UTC: when it happened.',
    value: (rows) => ({ kind: 'numbers', values: rows.timeMillis, scale: 1000 }),
  },
  {
    ...flows,
    name: 'src_ip',
    delta: 'string',
    fields: ['src.ip', 'src', 'src_ip'],
    filter: 'address',
    label: 'Source',
    meaning: 'Address of the initiator of the flow; IPv6 as RFC 5952 writes it.',
    value: address('src'),
  },
  {
    ...flows,
    name: 'src_port',
    delta: 'integer',
    fields: ['src.port', 'src_port'],
    filter: 'port',
    label: 'Source port',
    meaning: 'Port of the initiator.',
    value: (rows) => ({ kind: 'shorts', values: rows.sourcePort }),
  },
  {
    ...flows,
    name: 'dst_ip',
    delta: 'string',
    fields: ['dst.ip', 'dst', 'dst_ip'],
    filter: 'address',
    label: 'Destination',
    meaning: 'Address of the responder; IPv6 as RFC 5952 writes it.',
    value: address('dst'),
  },
  {
    ...flows,
    name: 'dst_port',
    delta: 'integer',
    fields: ['dst.port', 'dst_port'],
    filter: 'port',
    label: 'Destination port',
    meaning: 'Port of the responder.',
    value: (rows) => ({ kind: 'shorts', values: rows.destinationPort }),
  },
  {
    ...flows,
    name: 'protocol',
    delta: 'string',
    fields: ['protocol', 'proto'],
    filter: 'protocol',
    label: 'Protocol',
    meaning: 'tcp or udp; of other protocols the name, or the IANA number as text.',
    value: named((rows) => rows.protocol, protocolNames),
  },
  {
    ...flows,
    name: 'direction',
    delta: 'string',
    fields: ['direction', 'dir'],
    filter: 'name',
    values: directionNames,
    label: 'Direction',
    meaning: 'inbound or outbound, seen from the NIC.',
    value: named((rows) => rows.direction, directionNames),
  },
  {
    ...flows,
    name: 'access',
    delta: 'string',
    fields: ['access', 'action'],
    filter: 'name',
    values: accessNames,
    label: 'Access',
    meaning: 'allow or deny: what the rule decided.',
    value: named((rows) => rows.access, accessNames),
  },
  {
    ...flows,
    name: 'state',
    delta: 'string',
    fields: ['state'],
    filter: 'name',
    values: stateNames.filter((name) => name !== ''),
    label: 'State',
    meaning: 'begin, continuing, end or denied; null in NSG version 1, which has no state.',
    value: named((rows) => rows.state, stateNames),
  },
  {
    ...flows,
    name: 'rule',
    delta: 'string',
    fields: ['rule'],
    filter: 'rule',
    label: 'Rule',
    meaning: 'The rule that decided, as logged: UserRule_… or DefaultRule_… of an NSG, else a bare name.',
    value: grouped('rule'),
  },
  {
    ...flows,
    name: 'nsg',
    delta: 'string',
    fields: ['nsg'],
    filter: 'text',
    label: 'NSG',
    meaning: 'Name of the NSG, in the casing of the log (NSG logs have it upper-cased); null where none applied.',
    value: grouped('nsg'),
  },
  {
    ...flows,
    name: 'mac',
    delta: 'string',
    fields: ['mac'],
    filter: 'mac',
    label: 'MAC',
    meaning: 'The NIC that saw the flow, twelve upper-case digits; null where the log says nothing.',
    value: grouped('mac'),
  },
  {
    ...flows,
    name: 'encryption',
    delta: 'string',
    fields: ['encryption'],
    filter: 'name',
    values: encryptionNames.filter((name) => name !== ''),
    label: 'Encryption',
    meaning: 'VNet encryption as logged: X, NX or NX_…; null in NSG logs.',
    value: named((rows) => rows.encryption, encryptionNames),
  },
  counter('forward', 'packets'),
  counter('forward', 'bytes'),
  counter('reverse', 'packets'),
  counter('reverse', 'bytes'),
  ...addressKeys('src'),
  ...addressKeys('dst'),
  {
    ...internal,
    name: 'format',
    delta: 'string',
    fields: ['format'],
    filter: 'name',
    values: ['nsg1', 'nsg2', 'vnet'],
    label: 'Log format',
    meaning: 'nsg1, nsg2 or vnet.',
    value: grouped('format'),
  },
  {
    ...internal,
    name: 'resource_id',
    delta: 'string',
    fields: ['resource'],
    filter: 'text',
    label: 'Resource',
    meaning: 'resourceId of an NSG log, flowLogResourceID of a VNet log, as logged; null where absent.',
    value: grouped('resource_id'),
  },
  {
    ...internal,
    name: 'target_id',
    delta: 'string',
    fields: ['target'],
    filter: 'text',
    label: 'Target',
    meaning: 'targetResourceID of a VNet log, as logged; null in NSG logs.',
    value: grouped('target_id'),
  },
  {
    ...internal,
    name: 'acl_id',
    delta: 'string',
    fields: ['acl'],
    filter: 'text',
    label: 'ACL',
    meaning: 'aclID of a VNet log, as logged; null in NSG logs.',
    value: grouped('acl_id'),
  },
  {
    ...internal,
    name: 'record_time',
    delta: 'timestamp',
    fields: ['record.time'],
    filter: 'time',
    label: 'Record time',
    meaning: 'When the record was flushed, UTC; null where the log does not say.',
    value: ofRecord(({ tables }) => tables.recordTimeMillis, 1000),
  },
  {
    ...internal,
    name: 'blob',
    delta: 'string',
    fields: ['blob'],
    filter: 'text',
    label: 'Blob',
    meaning: 'Where the row was read: location, container and blob name.',
    value: grouped('blob'),
  },
  {
    ...internal,
    name: 'record_offset',
    delta: 'long',
    label: 'Record offset',
    meaning: "The byte of the blob at which the tuple's record begins.",
    value: ofRecord(({ tables }) => tables.recordOffset),
  },
  {
    ...internal,
    name: 'tuple_index',
    delta: 'integer',
    label: 'Tuple index',
    meaning: 'Which tuple of its record it is, from 0.',
    value: (rows) => ({ kind: 'sequence', values: rows.tupleIndex }),
  },
  {
    ...internal,
    name: 'date',
    delta: 'date',
    place: 'partition',
    label: 'Date',
    meaning: 'UTC date of the time: the partition.',
  },
];

/** Columns of the view `tuples`, in order. */
export const flowsColumns: readonly LakeColumn[] = lakeColumns.filter((column) => column.place === 'flows');

/** A column that a data file holds: all but the partition column. */
export interface StoredColumn extends LakeColumn {
  readonly delta: Exclude<DeltaType, 'date'>;
  readonly value: ColumnSource;
}

/** In the order in which data files hold them. */
export const storedColumns: readonly StoredColumn[] = lakeColumns.flatMap(({ value, delta, ...column }) =>
  value === undefined || delta === 'date' ? [] : [{ ...column, value, delta }],
);

export const partitionColumn = 'date';

/** `schemaString` of the table's metadata. Source: Delta protocol, "Schema Serialization Format". */
export function deltaSchemaString(columns: readonly LakeColumn[] = lakeColumns): string {
  return JSON.stringify({
    type: 'struct',
    fields: columns.map((column) => ({
      name: column.name,
      type: column.delta,
      nullable: true,
      metadata: { comment: column.meaning },
    })),
  });
}
