import type { FlowLog, FlowRecord, TupleGroup } from '../../src/flowlog/record.ts';
import type { FlowLogFormat } from '../../src/flowlog/tuple.ts';
import {
  createTupleColumns,
  encryptionNames,
  familyOf,
  growTupleColumns,
  stateNames,
} from '../../src/flowlog/tuple.ts';
import { parseAddress } from '../../src/net/address.ts';
import { parseProtocol } from '../../src/net/protocol.ts';

/** One tuple in plain words, for tests. Counters absent are "not given". */
export interface PlainTuple {
  readonly time: number;
  readonly src: string;
  readonly srcPort?: number;
  readonly dst: string;
  readonly dstPort?: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly direction?: 'inbound' | 'outbound';
  readonly access?: 'allow' | 'deny';
  readonly state?: (typeof stateNames)[number];
  readonly encryption?: (typeof encryptionNames)[number];
  /** Packets and bytes forward, packets and bytes reverse. */
  readonly counters?: readonly [number, number, number, number];
  readonly rule?: string;
  readonly mac?: string;
  readonly aclId?: string;
}

export interface PlainRecord {
  readonly format?: FlowLogFormat;
  readonly time?: number;
  readonly resourceId?: string;
  readonly targetResourceId?: string;
  readonly startByte?: number;
  readonly tuples: readonly PlainTuple[];
}

export const plainResource =
  '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG';

/** A FlowLog as the decoder gives it. */
export function buildFlowLog(plain: readonly PlainRecord[]): FlowLog {
  const records: FlowRecord[] = [];
  const groups: TupleGroup[] = [];
  const tuples = createTupleColumns(64);
  for (const one of plain) {
    const record = records.length;
    const timeMillis = one.time ?? Math.max(0, ...one.tuples.map(({ time }) => time));
    records.push({
      format: one.format ?? 'nsg2',
      timeMillis,
      time: '',
      resourceId: one.resourceId ?? plainResource,
      systemId: '',
      macAddress: '',
      flowLogGuid: '',
      targetResourceId: one.targetResourceId ?? '',
      startByte: one.startByte ?? 0,
      endByte: (one.startByte ?? 0) + 1,
    });
    for (const tuple of one.tuples) {
      const group: TupleGroup = {
        record,
        rule: tuple.rule ?? 'DefaultRule_AllowVnetInBound',
        aclId: tuple.aclId ?? '',
        mac: tuple.mac ?? '000D3A000001',
      };
      const same = groups.findIndex(
        (other) =>
          other.record === record &&
          other.rule === group.rule &&
          other.aclId === group.aclId &&
          other.mac === group.mac,
      );
      if (same < 0) groups.push(group);
      if (tuples.count === tuples.timeMillis.length) growTupleColumns(tuples);
      const row = tuples.count++;
      const source = parseAddress(tuple.src)!;
      const destination = parseAddress(tuple.dst)!;
      tuples.timeMillis[row] = tuple.time;
      tuples.family[row] = familyOf(source.family, destination.family);
      tuples.source.set(source.words, 4 * row);
      tuples.destination.set(destination.words, 4 * row);
      tuples.sourcePort[row] = tuple.srcPort ?? 1024;
      tuples.destinationPort[row] = tuple.dstPort ?? 443;
      tuples.protocol[row] = parseProtocol(tuple.protocol ?? 'tcp')!;
      tuples.direction[row] = tuple.direction === 'outbound' ? 1 : 0;
      tuples.access[row] = tuple.access === 'deny' ? 1 : 0;
      tuples.state[row] = stateNames.indexOf(tuple.state ?? 'begin');
      tuples.encryption[row] = encryptionNames.indexOf(tuple.encryption ?? '');
      const [a, b, c, d] = tuple.counters ?? [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
      tuples.packetsForward[row] = a;
      tuples.bytesForward[row] = b;
      tuples.packetsReverse[row] = c;
      tuples.bytesReverse[row] = d;
      tuples.group[row] = same < 0 ? groups.length - 1 : same;
    }
  }
  return { records, groups, tuples, rejections: [], mended: 0 };
}
