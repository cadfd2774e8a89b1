import type { PlainRecord } from './build-flow-log.ts';
import { plainResource } from './build-flow-log.ts';

/** A row of the lake as an object: the view's columns and those that trace it; times as epoch milliseconds. */
export type PlainRow = Readonly<Record<string, string | number | null>>;

const noAcl = ['', 'unspecified', '00000000-0000-0000-0000-000000000000'];

/** The rows that a lake should hold of these records. */
export function plainRows(records: readonly PlainRecord[], blob: string): PlainRow[] {
  return records.flatMap((record) =>
    record.tuples.map((tuple, index): PlainRow => {
      const format = record.format ?? 'nsg2';
      const state = tuple.state ?? 'begin';
      const given = tuple.counters;
      const zero = given !== undefined && given.every((value) => value === 0);
      const uncounted =
        given === undefined ||
        (zero &&
          (['', 'begin', 'denied'].includes(state) || (format !== 'vnet' && (tuple.protocol ?? 'tcp') === 'udp')));
      const resource = record.resourceId ?? plainResource;
      const acl = tuple.aclId ?? '';
      const nsgId = format === 'vnet' ? acl : resource;
      return {
        time: tuple.time,
        src_ip: tuple.src,
        src_port: tuple.srcPort ?? 1024,
        dst_ip: tuple.dst,
        dst_port: tuple.dstPort ?? 443,
        protocol: tuple.protocol ?? 'tcp',
        direction: tuple.direction ?? 'inbound',
        access: tuple.access ?? 'allow',
        state: state === '' ? null : state,
        rule: tuple.rule ?? 'DefaultRule_AllowVnetInBound',
        nsg: noAcl.includes(nsgId) ? null : nsgId.split('/').at(-1)!,
        mac: (tuple.mac ?? '000D3A000001') || null,
        encryption: tuple.encryption ?? null,
        packets_forward: uncounted ? null : given[0],
        bytes_forward: uncounted ? null : given[1],
        packets_reverse: uncounted ? null : given[2],
        bytes_reverse: uncounted ? null : given[3],
        format,
        resource_id: resource === '' ? null : resource,
        target_id: record.targetResourceId ?? null,
        acl_id: acl === '' ? null : acl,
        record_time: record.time ?? Math.max(0, ...record.tuples.map(({ time }) => time)),
        blob,
        record_offset: record.startByte ?? 0,
        tuple_index: index,
      };
    }),
  );
}
