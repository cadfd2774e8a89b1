/**
 * The one table of columns. Storage (Delta and Parquet), the view `flows`, filter fields, grouping and labels are all read from
 * it: a new column is one entry here.
 *
 * Types are Delta's first ones only, as every other reader sees them: ports `integer`, counters `long`, times `timestamp`
 * (TIMESTAMPTZ in DuckDB, UTC in Parquet), texts `string`. No unsigned type, no HUGEINT, no UUID (DESIGN decision 1).
 *
 * A row is one flow tuple of one log. Null is not zero (DESIGN decision 9): a counter is null where the log does not count.
 */
import { encryptionNames, stateNames } from '../flowlog/tuple.ts';
import { formatProtocol } from '../net/protocol.ts';

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

export interface LakeColumn {
  readonly name: string;
  readonly delta: DeltaType;
  /** `flows`: of the view `flows`, in this order. `internal`: for engines, and to trace a row to its bytes. `partition`: in the folder's name only. */
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
  /** SQL over the staged rows (row-stage.ts): `s` the tuple, `g` its group, `a` and `b` the source and destination address. */
  readonly from: string;
}

const flows = { place: 'flows', groupable: true } as const;
const uncountable = { place: 'flows', groupable: false } as const;
const internal = { place: 'internal', groupable: false, fields: [] as string[] } as const;

/** SQL that turns a small number into its name; an empty name is null. */
function nameOf(code: string, names: readonly string[]): string {
  const cases = names.map((name, i) => (name === '' ? '' : ` WHEN ${i} THEN '${name}'`));
  return `CASE ${code}${cases.join('')} END`;
}

/** By code: directionInbound, directionOutbound. */
const directionNames = ['inbound', 'outbound'];
/** By code: accessAllow, accessDeny. */
const accessNames = ['allow', 'deny'];
const protocolNames = Array.from({ length: 256 }, (_, number) => formatProtocol(number));

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
    from: `CASE WHEN isnan(s.${name}) THEN NULL ELSE s.${name}::BIGINT END`,
  };
}

/** An address for ranges: IPv4 as one number, IPv6 as two signed halves (a block of one or more bits never crosses a sign). */
function addressKeys(side: 'src' | 'dst', alias: 'a' | 'b'): LakeColumn[] {
  const who = side === 'src' ? 'source' : 'destination';
  const key = { ...internal, delta: 'long' } as const;
  return [
    {
      ...key,
      name: `${side}_ipv4`,
      label: `IPv4 ${who}, number`,
      meaning: `The 32 bits of an IPv4 ${who} address, 0 to 4294967295; null for IPv6.`,
      from: `${alias}.ipv4`,
    },
    {
      ...key,
      name: `${side}_ipv6_high`,
      label: `IPv6 ${who}, high half`,
      meaning: `The first 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      from: `${alias}.ipv6_high`,
    },
    {
      ...key,
      name: `${side}_ipv6_low`,
      label: `IPv6 ${who}, low half`,
      meaning: `The last 64 bits of an IPv6 ${who} address as a signed number; null for IPv4.`,
      from: `${alias}.ipv6_low`,
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
    from: 'make_timestamptz((s.time_millis * 1000)::BIGINT)',
  },
  {
    ...flows,
    name: 'src_ip',
    delta: 'string',
    fields: ['src.ip', 'src', 'src_ip'],
    filter: 'address',
    label: 'Source',
    meaning: 'Address of the initiator of the flow; IPv6 as RFC 5952 writes it.',
    from: 'a.text',
  },
  {
    ...flows,
    name: 'src_port',
    delta: 'integer',
    fields: ['src.port', 'src_port'],
    filter: 'port',
    label: 'Source port',
    meaning: 'Port of the initiator.',
    from: 's.src_port::INTEGER',
  },
  {
    ...flows,
    name: 'dst_ip',
    delta: 'string',
    fields: ['dst.ip', 'dst', 'dst_ip'],
    filter: 'address',
    label: 'Destination',
    meaning: 'Address of the responder; IPv6 as RFC 5952 writes it.',
    from: 'b.text',
  },
  {
    ...flows,
    name: 'dst_port',
    delta: 'integer',
    fields: ['dst.port', 'dst_port'],
    filter: 'port',
    label: 'Destination port',
    meaning: 'Port of the responder.',
    from: 's.dst_port::INTEGER',
  },
  {
    ...flows,
    name: 'protocol',
    delta: 'string',
    fields: ['protocol', 'proto'],
    filter: 'protocol',
    label: 'Protocol',
    meaning: 'tcp or udp; of other protocols the name, or the IANA number as text.',
    from: nameOf('s.protocol', protocolNames),
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
    from: nameOf('s.direction', directionNames),
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
    from: nameOf('s.access', accessNames),
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
    from: nameOf('s.state', stateNames),
  },
  {
    ...flows,
    name: 'rule',
    delta: 'string',
    fields: ['rule'],
    filter: 'rule',
    label: 'Rule',
    meaning: 'The rule that decided, as logged: UserRule_… or DefaultRule_… of an NSG, else a bare name.',
    from: 'g.rule',
  },
  {
    ...flows,
    name: 'nsg',
    delta: 'string',
    fields: ['nsg'],
    filter: 'text',
    label: 'NSG',
    meaning: 'Name of the NSG, in the casing of the log (NSG logs have it upper-cased); null where none applied.',
    from: 'g.nsg',
  },
  {
    ...flows,
    name: 'mac',
    delta: 'string',
    fields: ['mac'],
    filter: 'mac',
    label: 'MAC',
    meaning: 'The NIC that saw the flow, twelve upper-case digits; null where the log says nothing.',
    from: 'g.mac',
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
    from: nameOf('s.encryption', encryptionNames),
  },
  counter('forward', 'packets'),
  counter('forward', 'bytes'),
  counter('reverse', 'packets'),
  counter('reverse', 'bytes'),
  ...addressKeys('src', 'a'),
  ...addressKeys('dst', 'b'),
  {
    ...internal,
    name: 'format',
    delta: 'string',
    fields: ['format'],
    filter: 'name',
    values: ['nsg1', 'nsg2', 'vnet'],
    label: 'Log format',
    meaning: 'nsg1, nsg2 or vnet.',
    from: 'g.format',
  },
  {
    ...internal,
    name: 'resource_id',
    delta: 'string',
    fields: ['resource'],
    filter: 'text',
    label: 'Resource',
    meaning: 'resourceId of an NSG log, flowLogResourceID of a VNet log, as logged; null where absent.',
    from: 'g.resource_id',
  },
  {
    ...internal,
    name: 'target_id',
    delta: 'string',
    fields: ['target'],
    filter: 'text',
    label: 'Target',
    meaning: 'targetResourceID of a VNet log, as logged; null in NSG logs.',
    from: 'g.target_id',
  },
  {
    ...internal,
    name: 'acl_id',
    delta: 'string',
    fields: ['acl'],
    filter: 'text',
    label: 'ACL',
    meaning: 'aclID of a VNet log, as logged; null in NSG logs.',
    from: 'g.acl_id',
  },
  {
    ...internal,
    name: 'record_time',
    delta: 'timestamp',
    fields: ['record.time'],
    filter: 'time',
    label: 'Record time',
    meaning: 'When the record was flushed, UTC; null where the log does not say.',
    from: 'CASE WHEN isnan(s.record_time_millis) THEN NULL ELSE make_timestamptz((s.record_time_millis * 1000)::BIGINT) END',
  },
  {
    ...internal,
    name: 'blob',
    delta: 'string',
    fields: ['blob'],
    filter: 'text',
    label: 'Blob',
    meaning: 'Where the row was read: location, container and blob name.',
    from: 'g.blob',
  },
  {
    ...internal,
    name: 'record_offset',
    delta: 'long',
    label: 'Record offset',
    meaning: "The byte of the blob at which the tuple's record begins.",
    from: 's.record_offset::BIGINT',
  },
  {
    ...internal,
    name: 'tuple_index',
    delta: 'integer',
    label: 'Tuple index',
    meaning: 'Which tuple of its record it is, from 0.',
    from: 's.tuple_index',
  },
  {
    ...internal,
    name: 'date',
    delta: 'date',
    place: 'partition',
    label: 'Date',
    meaning: 'UTC date of the time: the partition.',
    from: "(DATE '1970-01-01' + s.day)",
  },
];

/** Columns of the view `flows`, in order. */
export const flowsColumns: readonly LakeColumn[] = lakeColumns.filter((column) => column.place === 'flows');

/** Columns that a data file holds: all but the partition column. */
export const storedColumns: readonly LakeColumn[] = lakeColumns.filter((column) => column.place !== 'partition');

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
