/** Rows of answers to `conversations` and `tuples`. */
import type { Answer } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { numberOf } from '../../format/number.ts';
import { andTerm, term } from '../../values/terms.ts';
import { cellText } from '../../format/cell.ts';

export interface FlowRow {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly lastTime: number | undefined;
  readonly source: string;
  readonly sourcePort: number | null;
  readonly destination: string;
  readonly destinationPort: number | null;
  readonly protocol: string;
  readonly direction: string;
  readonly access: 'allow' | 'deny' | 'unknown';
  readonly state: string;
  readonly rule: string | null;
  readonly nsg: string | null;
  readonly mac: string | null;
  readonly encryption: string | null;
  readonly packetsSent: number | undefined;
  readonly bytesSent: number | undefined;
  readonly packetsReceived: number | undefined;
  readonly bytesReceived: number | undefined;
  readonly bytes: number | undefined;
  readonly packets: number | undefined;
  readonly tuples: number | undefined;
  readonly observers: number | undefined;
  readonly blob: string | undefined;
  readonly recordOffset: number | undefined;
}

const columns = [
  'time',
  'last_time',
  'src_ip',
  'src_port',
  'dst_ip',
  'dst_port',
  'protocol',
  'direction',
  'access',
  'state',
  'rule',
  'nsg',
  'mac',
  'encryption',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
  'tuples',
  'observers',
  'blob',
  'record_offset',
] as const;

export function flowRows(answer: Answer): FlowRow[] {
  const cells = columns.map((name) => cellsOf(answer, name));
  const text = (column: number, row: number): string => cellText(cells[column][row]);
  const textOrNull = (column: number, row: number): string | null => {
    const cell = cells[column][row];
    return cell === null || cell === undefined ? null : cellText(cell);
  };
  return Array.from({ length: answer.rows }, (_, i): FlowRow => {
    const number = (column: number): number | undefined => numberOf(cells[column][i]);
    const [bytesSent, bytesReceived, packetsSent, packetsReceived] = [15, 17, 14, 16].map(number);
    const access = text(8, i);
    const lastTime = textOrNull(1, i);
    return {
      key: [0, 2, 3, 4, 5, 6, 11, 12].map((column) => text(column, i)).join(','),
      time: Date.parse(text(0, i)),
      lastTime: lastTime === null ? undefined : Date.parse(lastTime),
      source: text(2, i),
      sourcePort: number(3) ?? null,
      destination: text(4, i),
      destinationPort: number(5) ?? null,
      protocol: text(6, i),
      direction: text(7, i),
      access: access === 'allow' || access === 'deny' ? access : 'unknown',
      state: text(9, i),
      rule: textOrNull(10, i),
      nsg: textOrNull(11, i),
      mac: textOrNull(12, i),
      encryption: textOrNull(13, i),
      packetsSent,
      bytesSent,
      packetsReceived,
      bytesReceived,
      bytes: sum(bytesSent, bytesReceived),
      packets: sum(packetsSent, packetsReceived),
      tuples: number(18),
      observers: number(19),
      blob: textOrNull(20, i) ?? undefined,
      recordOffset: number(21),
    };
  });
}

/** One observer's tuples as one row, with the sums of what it counted: of a conversation that is not among the rows. */
export function joinTuples(tuples: readonly FlowRow[]): FlowRow | undefined {
  const [first] = tuples;
  if (first === undefined) return undefined;
  const own = tuples.filter(
    ({ nsg, mac, direction }) => nsg === first.nsg && mac === first.mac && direction === first.direction,
  );
  const total = (pick: (row: FlowRow) => number | undefined): number | undefined =>
    own.map(pick).reduce(sum, undefined);
  return {
    ...first,
    lastTime: own.at(-1)!.time,
    state: own.at(-1)!.state,
    access: tuples.some(({ access }) => access === 'deny') ? 'deny' : first.access,
    bytesSent: total((row) => row.bytesSent),
    bytesReceived: total((row) => row.bytesReceived),
    packets: total((row) => row.packets),
  };
}

/** Unknown only where both are. */
function sum(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0);
}

export interface FlowKey {
  readonly time: number;
  /** Of the five-tuple. */
  readonly filter: string;
}

/** The conversation that an address names (its parameter `sel`); `undefined` where it names none. */
export function readFlowKey(key: string): FlowKey | undefined {
  const parts = key.split(',');
  if (parts.length < 6) return undefined;
  const time = Date.parse(parts[0]);
  if (Number.isNaN(time)) return undefined;
  const fields = ['src', 'src.port', 'dst', 'dst.port', 'protocol'];
  const filter = fields.reduce((text, field, i) => {
    const value = parts[i + 1];
    // Protocols without ports have none.
    return value === '' ? text : andTerm(text, term(field, value));
  }, '');
  return { time, filter };
}

/** The tuple as the logs of its format write it. Source: docs/reference/formats.md. */
export function tupleText(row: FlowRow): string {
  const isVnet = row.blob?.includes('flowlogflowevent') ?? false;
  const protocols: Readonly<Record<string, string>> = isVnet
    ? { tcp: '6', udp: '17', icmp: '1' }
    : { tcp: 'T', udp: 'U' };
  const letter = (text: string): string => text.charAt(0).toUpperCase();
  const counters = [row.packetsSent, row.bytesSent, row.packetsReceived, row.bytesReceived].map((one) => one ?? '');
  const access = isVnet ? [] : [row.access === 'deny' ? 'D' : 'A'];
  const encryption = isVnet ? [row.encryption ?? ''] : [];
  return [
    isVnet ? row.time : Math.floor(row.time / 1000),
    row.source,
    row.destination,
    row.sourcePort ?? '',
    row.destinationPort ?? '',
    protocols[row.protocol] ?? row.protocol,
    letter(row.direction),
    ...access,
    letter(row.state),
    ...encryption,
    ...counters,
  ].join(',');
}
