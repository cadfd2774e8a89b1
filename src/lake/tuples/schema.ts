/**
 * The one table of columns. Rows on their way, storage (Delta and Parquet), the kernel that reads files back, both tables' views, filter fields, grouping,
 * labels and documents are all read from it: a new column is one entry here. A text that is new stands in settled flows, too.
 *
 * Types are Delta's first ones only, as every other reader sees them: ports `integer`, counters `long`, times `timestamp`
 * (TIMESTAMPTZ in DuckDB, UTC in Parquet), texts `string`. No unsigned type, no HUGEINT, no UUID (DESIGN decision 1).
 *
 * A row is one flow tuple of one log. Null is not zero: a counter is null if the log does not count.
 */
import { encryptionNames, stateNames } from '../../flowlog/tuple.ts';
import { formatProtocol } from '../../net/protocol.ts';
import type { GroupOrigin } from './group-origin.ts';
import { macOf, nsgName } from './group-origin.ts';
import type { StagedRows } from './staged-rows.ts';

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
export type FilterKind =
  | 'time'
  | 'address'
  | 'port'
  | 'protocol'
  | 'name'
  | 'mac'
  | 'rule'
  | 'text'
  /** Texts with `, ` between them: a test asks whether one of them is there. */
  | 'list'
  | 'counter';

type ArrayOf<T> = keyof { [Name in keyof StagedRows as StagedRows[Name] extends T ? Name : never]: 0 };

/** Where a column's values come from. Names are those of arrays of StagedRows. */
export type ColumnSource =
  /** Milliseconds. */
  | { readonly kind: 'time'; readonly array: 'timeMillis' }
  | { readonly kind: 'address'; readonly side: Side }
  /** The first or last 64 bits of an IPv6 address. */
  | { readonly kind: 'half'; readonly side: Side; readonly half: 0 | 1 }
  | { readonly kind: 'port'; readonly array: 'sourcePort' | 'destinationPort' }
  /** A few names by code; '' is null. */
  | { readonly kind: 'name'; readonly array: ArrayOf<Uint8Array>; readonly names: readonly string[] }
  | { readonly kind: 'counter'; readonly array: CounterArray }
  /** A text that all rows of a group share; '' is null. */
  | { readonly kind: 'text'; readonly of: (origin: GroupOrigin) => string }
  /** A number that all rows of a record share, by which the stored one is multiplied. */
  | { readonly kind: 'record'; readonly array: 'recordTimeMillis' | 'recordOffset'; readonly scale: number }
  | { readonly kind: 'index'; readonly array: 'tupleIndex' };

type CounterArray = `${'packets' | 'bytes'}${'Forward' | 'Reverse'}`;
export type Side = 'source' | 'destination';

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
  /** Absent for the partition column. */
  readonly source?: ColumnSource;
  /** Which version of the columns has it first (`columnsTag`): one more than the greatest so far, for columns of a new version. Absent of the first ones. */
  readonly since?: number;
}

const flows = { place: 'flows', groupable: true } as const;
const uncountable = { place: 'flows', groupable: false } as const;
const internal = { place: 'internal', groupable: false, fields: [] as string[] } as const;

/** A text that groups have. */
function text(of: (origin: GroupOrigin) => string): ColumnSource {
  return { kind: 'text', of };
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
    meaning: `${unit === 'packets' ? 'Packets' : 'Bytes'} ${way} since the flow's previous tuple; null if not counted.`,
    source: { kind: 'counter', array: `${unit}${direction === 'forward' ? 'Forward' : 'Reverse'}` },
  };
}

/**
 * An IPv6 address for ranges, as two signed halves (a block of one or more bits never crosses a sign). IPv4 ranges are asked of the text
 * (address-pattern.ts). Tables of nsgflow 0.1 also have `src_ipv4` and `dst_ipv4`, which newer files leave null.
 */
function addressKeys(who: Side): LakeColumn[] {
  const side = who === 'source' ? 'src' : 'dst';
  const key = { ...internal, delta: 'long' } as const;
  return [
    {
      ...key,
      name: `${side}_ipv6_high`,
      label: `IPv6 ${who}, high half`,
      meaning: `The first 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      source: { kind: 'half', side: who, half: 0 },
    },
    {
      ...key,
      name: `${side}_ipv6_low`,
      label: `IPv6 ${who}, low half`,
      meaning: `The last 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      source: { kind: 'half', side: who, half: 1 },
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
    source: { kind: 'time', array: 'timeMillis' },
  },
  {
    ...flows,
    name: 'src_ip',
    delta: 'string',
    fields: ['src.ip', 'src', 'src_ip'],
    filter: 'address',
    label: 'Source',
    meaning: 'Address of the initiator of the flow; IPv6 as RFC 5952 writes it.',
    source: { kind: 'address', side: 'source' },
  },
  {
    ...flows,
    name: 'src_port',
    delta: 'integer',
    fields: ['src.port', 'src_port'],
    filter: 'port',
    label: 'Source port',
    meaning: 'Port of the initiator.',
    source: { kind: 'port', array: 'sourcePort' },
  },
  {
    ...flows,
    name: 'dst_ip',
    delta: 'string',
    fields: ['dst.ip', 'dst', 'dst_ip'],
    filter: 'address',
    label: 'Destination',
    meaning: 'Address of the responder; IPv6 as RFC 5952 writes it.',
    source: { kind: 'address', side: 'destination' },
  },
  {
    ...flows,
    name: 'dst_port',
    delta: 'integer',
    fields: ['dst.port', 'dst_port'],
    filter: 'port',
    label: 'Destination port',
    meaning: 'Port of the responder.',
    source: { kind: 'port', array: 'destinationPort' },
  },
  {
    ...flows,
    name: 'protocol',
    delta: 'string',
    fields: ['protocol', 'proto'],
    filter: 'protocol',
    label: 'Protocol',
    meaning: 'tcp or udp; of other protocols the name, or the IANA number as text.',
    source: { kind: 'name', array: 'protocol', names: protocolNames },
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
    source: { kind: 'name', array: 'direction', names: directionNames },
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
    source: { kind: 'name', array: 'access', names: accessNames },
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
    source: { kind: 'name', array: 'state', names: stateNames },
  },
  {
    ...flows,
    name: 'rule',
    delta: 'string',
    fields: ['rule'],
    filter: 'rule',
    label: 'Rule',
    meaning: 'The rule that decided, as logged: UserRule_… or DefaultRule_… of an NSG, else a bare name.',
    source: text(({ group }) => group.rule),
  },
  {
    ...flows,
    name: 'nsg',
    delta: 'string',
    fields: ['nsg'],
    filter: 'text',
    label: 'NSG',
    meaning: 'Name of the NSG, in the casing of the log (NSG logs have it upper-cased); null if none applied.',
    source: text(nsgName),
  },
  {
    ...flows,
    name: 'mac',
    delta: 'string',
    fields: ['mac'],
    filter: 'mac',
    label: 'MAC',
    meaning: 'The NIC that saw the flow, twelve upper-case digits; null if the log has none.',
    source: text(macOf),
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
    source: { kind: 'name', array: 'encryption', names: encryptionNames },
  },
  counter('forward', 'packets'),
  counter('forward', 'bytes'),
  counter('reverse', 'packets'),
  counter('reverse', 'bytes'),
  ...addressKeys('source'),
  ...addressKeys('destination'),
  {
    ...internal,
    name: 'format',
    delta: 'string',
    fields: ['format'],
    filter: 'name',
    values: ['nsg1', 'nsg2', 'vnet'],
    label: 'Log format',
    meaning: 'nsg1, nsg2 or vnet.',
    source: text(({ record }) => record.format),
  },
  {
    ...internal,
    name: 'resource_id',
    delta: 'string',
    fields: ['resource'],
    filter: 'text',
    label: 'Resource',
    meaning: 'resourceId of an NSG log, flowLogResourceID of a VNet log, as logged; null if absent.',
    source: text(({ record }) => record.resourceId),
  },
  {
    ...internal,
    name: 'target_id',
    delta: 'string',
    fields: ['target'],
    filter: 'text',
    label: 'Target',
    meaning: 'targetResourceID of a VNet log, as logged; null in NSG logs.',
    source: text(({ record }) => record.targetResourceId),
  },
  {
    ...internal,
    name: 'acl_id',
    delta: 'string',
    fields: ['acl'],
    filter: 'text',
    label: 'ACL',
    meaning: 'aclID of a VNet log, as logged; null in NSG logs.',
    source: text(({ group }) => group.aclId),
  },
  {
    ...internal,
    name: 'record_time',
    delta: 'timestamp',
    fields: ['record.time'],
    filter: 'time',
    label: 'Record time',
    meaning: 'When the record was flushed, UTC; null if the log does not say.',
    source: { kind: 'record', array: 'recordTimeMillis', scale: 1000 },
  },
  {
    ...internal,
    name: 'blob',
    delta: 'string',
    fields: ['blob'],
    filter: 'text',
    label: 'Blob',
    meaning: 'Where the row was read: location, container and blob name.',
    source: text(({ blob }) => blob),
  },
  {
    ...internal,
    name: 'record_offset',
    delta: 'long',
    label: 'Record offset',
    meaning: "The byte of the blob at which the tuple's record begins.",
    source: { kind: 'record', array: 'recordOffset', scale: 1 },
  },
  {
    ...internal,
    name: 'tuple_index',
    delta: 'integer',
    label: 'Tuple index',
    meaning: 'Which tuple of its record it is, from 0.',
    source: { kind: 'index', array: 'tupleIndex' },
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

export const partitionColumn = 'date';
