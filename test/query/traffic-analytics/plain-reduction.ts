/** The reference implementation of Traffic Analytics' reduction: rows of NTANetAnalytics of plain tuples, by maps and loops. Times are epoch milliseconds. */
import type { PlainRow } from '../../lake/plain-rows.ts';

export interface PlainSettings {
  readonly intervalMinutes: number;
  readonly isPacked: boolean;
}

export type PlainNet = Readonly<Record<string, string | number | null>>;

interface Group {
  readonly first: PlainRow;
  readonly bin: number;
  readonly tuples: PlainRow[];
}

const privateRanges = [
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2[0-9]|3[01])\./,
  /^169\.254\./,
  /^127\./,
  /^f[cd]/,
  /^fe80/,
];

export function plainNetAnalytics(rows: readonly PlainRow[], { intervalMinutes, isPacked }: PlainSettings): PlainNet[] {
  const interval = intervalMinutes * 60_000;
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const [time, recorded] = [Number(row['time']), row['record_time']];
    const isNear = recorded !== null && Math.abs(Number(recorded) - time) <= 3_600_000;
    const bin = Math.floor((isNear ? Number(recorded) : time) / interval) * interval;
    const hidden = isPacked ? packedSide(row) : undefined;
    const names = 'src_ip dst_ip dst_port protocol direction access rule mac format resource_id acl_id'.split(' ');
    const key = JSON.stringify([
      bin,
      hidden,
      countryOf(row),
      ...names.map((name) => (name === hidden ? null : row[name])),
    ]);
    const group = groups.get(key) ?? { first: row, bin, tuples: [] };
    group.tuples.push(row);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => netRow(group, interval, isPacked));
}

function netRow({ first, bin, tuples }: Group, interval: number, isPacked: boolean): PlainNet {
  const isInbound = first['direction'] === 'inbound';
  const isDenied = first['access'] === 'deny';
  const isSourcePacked = isPacked && packedSide(first) === 'src_ip';
  const isDestinationPacked = isPacked && packedSide(first) === 'dst_ip';
  const begun = tuples.filter(({ state, access }) => access === 'deny' || state === null || state === 'begin').length;
  const counter = (name: string): number | null => (first['format'] === 'nsg1' ? null : sum(tuples, name));
  const times = tuples.map(({ time }) => Number(time));
  const ports = [...new Set(tuples.map((row) => Number(row['src_port'])))].sort((a, b) => a - b);
  const isVnet = first['format'] === 'vnet';
  const acl = String((isVnet ? first['acl_id'] : first['resource_id']) ?? '').toLowerCase();
  return {
    TimeGenerated: bin + interval,
    FlowIntervalStartTime: bin,
    FlowIntervalEndTime: bin + interval,
    FlowStartTime: Math.min(...times),
    FlowEndTime: Math.max(...times),
    FlowType: flowTypeOf(first),
    Country: countryOf(first),
    SrcIp: isSourcePacked ? null : first['src_ip'],
    DestIp: isDestinationPacked ? null : first['dst_ip'],
    SrcPublicIps: isSourcePacked ? entries(tuples, 'src_ip') : '',
    DestPublicIps: isDestinationPacked ? entries(tuples, 'dst_ip') : '',
    DestPort: first['dst_port'],
    SrcPorts: ports.join('|'),
    L4Protocol: String(first['protocol']).toUpperCase(),
    FlowDirection: isInbound ? 'Inbound' : 'Outbound',
    FlowStatus: isDenied ? 'Denied' : 'Allowed',
    AclGroup: acl.includes('/') ? acl : 'Unspecified',
    AclRule: String(first['rule'])
      .toLowerCase()
      .replace(/^(userrule|defaultrule)_/, ''),
    MacAddress: (String(first['mac'] ?? '').match(/../g) ?? []).join('-') || null,
    AllowedInFlows: isInbound && !isDenied ? begun : 0,
    AllowedOutFlows: !isInbound && !isDenied ? begun : 0,
    DeniedInFlows: isInbound && isDenied ? begun : 0,
    DeniedOutFlows: !isInbound && isDenied ? begun : 0,
    CompletedFlows: isDenied ? 0 : tuples.filter(({ state }) => state === 'end').length,
    PacketsSrcToDest: counter('packets_forward'),
    PacketsDestToSrc: counter('packets_reverse'),
    BytesSrcToDest: counter('bytes_forward'),
    BytesDestToSrc: counter('bytes_reverse'),
  };
}

function entries(tuples: readonly PlainRow[], of: 'src_ip' | 'dst_ip'): string {
  const addresses = [...new Set(tuples.map((row) => String(row[of])))].sort();
  return addresses
    .map((address) => {
      const some = tuples.filter((row) => row[of] === address);
      const begun = some.filter(({ state, access }) => access === 'deny' || state === null || state === 'begin');
      const ended = some.filter(({ state, access }) => access !== 'deny' && state === 'end');
      const counters = ['packets_forward', 'packets_reverse', 'bytes_forward', 'bytes_reverse'];
      return [address, begun.length, ended.length, ...counters.map((name) => sum(some, name))].join('|');
    })
    .join(' ');
}

function sum(rows: readonly PlainRow[], name: string): number {
  return rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);
}

export function isPublic(address: PlainRow[string]): boolean {
  return !privateRanges.some((range) => range.test(String(address)));
}

/** Which address a row lists; of two public ones that which is not the NIC's. */
function packedSide(row: PlainRow): 'src_ip' | 'dst_ip' | undefined {
  const [src, dst] = [isPublic(row['src_ip']), isPublic(row['dst_ip'])];
  if (src && dst) return row['direction'] === 'inbound' ? 'src_ip' : 'dst_ip';
  return src ? 'src_ip' : dst ? 'dst_ip' : undefined;
}

/** Of the public address that is not the NIC's; see plainNames. */
function countryOf(row: PlainRow): string | null {
  const side = packedSide(row);
  return side === undefined ? null : String(row[side]).includes(':') ? 'de' : 'au';
}

function flowTypeOf(row: PlainRow): string {
  return [row['src_ip'], row['dst_ip']].some(isPublic) ? 'ExternalPublic' : 'UnknownPrivate';
}
