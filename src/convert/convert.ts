import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { providerPath } from '../arm-template/resource-id.ts';
import { Counters } from '../base/counters.ts';
import { FlowError } from '../base/errors.ts';
import { floorToHour } from '../base/time.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { Account } from '../blob/container.ts';
import { containerOf, formatBlobPath, parseResourceId, withSingleSlashes } from '../flowlog/blob-path.ts';
import { ByteWriter } from '../flowlog/byte-writer.ts';
import type { RecordHeader } from '../flowlog/encode.ts';
import { encodeRecord } from '../flowlog/encode.ts';
import type { FlowLog, FlowRecord, TupleGroup } from '../flowlog/record.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import { stateBegin, stateContinuing, stateDenied, stateEnd, stateNone } from '../flowlog/tuple.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { guidOf } from '../nsg/network.ts';
import { Delivery } from '../deliver/delivery.ts';
import type { BlobRejection } from '../source/rejection.ts';
import { selectsAll } from '../source/selection.ts';
import { fingerprintOf } from '../source/fingerprint.ts';
import { listSources } from '../source/list-sources.ts';
import { readUnless } from '../source/whole-log.ts';

export interface ConvertSettings {
  readonly source: string;
  readonly to: Account;
  readonly format: FlowLogFormat;
  readonly onProgress?: (doneBytes: number, blobs: number) => void;
}

export interface ConvertResult {
  readonly blobs: { readonly read: number; readonly written: number };
  readonly records: number;
  /** `converted`: tuples with a form in the other format; `written`: those that were not in storage before. */
  readonly tuples: { readonly read: number; readonly converted: number; readonly written: number };
  /** Tuples that lost a field, or were left out, by what is lost. A tuple can count more than once. */
  readonly lost: Readonly<Record<string, number>>;
  /** Byte ranges of the source that could not be read. */
  readonly rejected: number;
  /** Tuples that were repaired when they were read. */
  readonly mended: number;
  readonly rejections: readonly BlobRejection[];
  /** Why blobs and folders of the source could not be read; the others were. */
  readonly unread: readonly FlowError[];
  readonly seconds: number;
}

/** What a conversion can lose. */
export const losses = {
  'tuple: continuing or end': 'NSG version 1 has one tuple per flow.',
  'tuple: protocol': 'NSG logs have only TCP and UDP.',
  'tuple: no NSG': 'The ACL of the tuple is not an NSG, so the tuple cannot be in an NSG log.',
  'tuple: no time': 'The time of the record cannot be read, so its blob is unknown.',
  'tuple: no resource': 'The record does not name its resource, so its blob is unknown.',
  state: 'NSG version 1 has no flow state; VNet logs have only one state for denied flows.',
  counters: 'NSG version 1 and denied flows of VNet logs have no counters.',
  milliseconds: 'NSG logs have whole seconds.',
  encryption: 'NSG logs have no encryption state.',
  'flow log': 'NSG logs do not name the flow log that wrote them, or its target.',
  'system id': 'VNet logs do not have the system id of the NSG.',
} as const satisfies Record<string, string>;

type Loss = keyof typeof losses;

const examplesMax = 20;

/**
 * Converts flow logs to another format, record by record, with the paths of that format. Converting the same source
 * again adds nothing.
 * @throws flowlog-invalid if the source is not a flow log, and errors of storage
 */
export async function convert(settings: ConvertSettings): Promise<ConvertResult> {
  const startMillis = performance.now();
  const lost = new Counters<Loss>();
  const rejections: BlobRejection[] = [];
  const total = { blobs: 0, records: 0, read: 0, written: 0, rejected: 0, mended: 0, bytes: 0 };
  const delivery = new Delivery({ accountOf: () => settings.to, mayDrop: false, waitMillis: 0 });
  const blobs = new Set<string>();
  const writer = new ByteWriter();
  const ordinals = new Map<string, number>();
  /**
   * 0 for the first record with these bytes, 1 for the next: block ids are derived from records, so that a source that
   * grows can be converted again.
   */
  const ordinalOf = (key: string): number => {
    const ordinal = ordinals.get(key) ?? 0;
    ordinals.set(key, ordinal + 1);
    return ordinal;
  };
  const unread: FlowError[] = [];
  const failures: FlowError[] = [];
  const unlisted = {
    onSource: (error: FlowError) => void failures.push(error),
    onPath: (error: FlowError) => void unread.push(error),
  };
  for await (const blob of listSources([settings.source], selectsAll, unlisted)) {
    if (isWithin(blob.key, settings.to))
      throw new FlowError('usage', `${settings.to.location} is the source itself`, {
        hint: 'Convert to another folder or account: a source cannot be read and written at the same time.',
      });
    const read = await readUnless(blob, unread);
    if (read === undefined) continue;
    const { bytes, log } = read;
    total.blobs++;
    total.records += log.records.length;
    total.read += log.tuples.count;
    total.rejected += log.rejections.length;
    total.mended += log.mended;
    total.bytes += bytes.length;
    rejections.push(
      ...log.rejections
        .slice(0, Math.max(0, examplesMax - rejections.length))
        .map((rejection) => ({ ...rejection, blob: blob.key })),
    );
    for (const piece of piecesOf(log, settings.format, lost)) {
      const { header, rows } = piece;
      const { startByte, endByte } = log.records[piece.record];
      const input = fingerprintOf(bytes.subarray(startByte, endByte));
      const ordinal = ordinalOf(`${input} ${header.resourceId} ${header.macAddress}`);
      writer.clear();
      const tuples = encodeRecord(writer, header, log.tuples, piece.groups, rows, 0, rows.length);
      if (tuples === 0) continue;
      countLosses(log, rows, settings.format, lost);
      total.written += tuples;
      const kind = header.format === 'vnet' ? 'vnet' : 'nsg';
      const name = formatBlobPath(
        kind,
        header.resourceId,
        floorToHour(header.timeMillis),
        header.macAddress || undefined,
      );
      const id = createHash('sha256')
        .update([input, settings.format, ordinal, header.resourceId, header.macAddress].join('\n').toLowerCase())
        .digest('hex')
        .slice(0, 32);
      blobs.add(name);
      const block = { storage: '', container: containerOf(kind), blob: name, id, bytes: writer.toBytes(), tuples };
      delivery.add([block], header.timeMillis);
      await delivery.room();
    }
    settings.onProgress?.(total.bytes, total.blobs);
  }
  await delivery.finish();
  if (failures.length > 0) throw failures[0];
  if (total.blobs === 0 && unread.length > 0) throw unread[0];
  if (total.records === 0)
    throw new FlowError('flowlog-invalid', `${settings.source.replace(/\?.*$/, '')} is not a flow log`);
  return {
    blobs: { read: total.blobs, written: blobs.size },
    records: total.records,
    tuples: { read: total.read, converted: total.written, written: delivery.tuplesWritten },
    lost: lost.toJSON(),
    rejected: total.rejected,
    mended: total.mended,
    rejections,
    unread,
    seconds: Math.round(performance.now() - startMillis) / 1000,
  };
}

/** Whether a blob is in the account or container. */
function isWithin(key: string, to: Account): boolean {
  const root = isUrl(to.location) ? to.location : resolve(to.location);
  return key.startsWith(`${root}/`);
}

/** Rows of one record that become one record of the other format. */
interface Piece {
  readonly record: number;
  readonly header: RecordHeader;
  readonly groups: readonly TupleGroup[];
  readonly rows: Uint32Array;
}

/** Splits a log by record, resource and NIC, in order of the records. */
function* piecesOf(log: FlowLog, format: FlowLogFormat, lost: Counters<Loss>): Generator<Piece> {
  const pieces = new Map<string, { record: number; header: RecordHeader; rows: number[] }>();
  for (let row = 0; row < log.tuples.count; row++) {
    const group = log.groups[log.tuples.group[row]];
    const record = log.records[group.record];
    const loss = unplaceable(log, row, record, group, format);
    if (loss !== undefined) {
      lost.add(loss);
      continue;
    }
    const header = headerOf(record, group, format);
    const key = [group.record, header.resourceId, header.macAddress].join('\n');
    const piece = pieces.get(key);
    if (piece === undefined) pieces.set(key, { record: group.record, header, rows: [row] });
    else piece.rows.push(row);
  }
  const groups = log.groups.map((group) => ({ ...group, aclId: group.aclId || log.records[group.record].resourceId }));
  for (const { record, header, rows } of pieces.values()) {
    rows.sort((a, b) => log.tuples.group[a] - log.tuples.group[b] || a - b);
    yield { record, header, groups, rows: Uint32Array.from(rows) };
  }
}

/** Why a tuple cannot be in a log of the format. */
function unplaceable(
  { tuples }: FlowLog,
  row: number,
  record: FlowRecord,
  group: TupleGroup,
  format: FlowLogFormat,
): Loss | undefined {
  if (Number.isNaN(record.timeMillis)) return 'tuple: no time';
  if (format === 'vnet') return record.resourceId === '' ? 'tuple: no resource' : undefined;
  if (record.format === 'vnet' && !isNsg(group.aclId)) return 'tuple: no NSG';
  if (record.format !== 'vnet' && record.resourceId === '') return 'tuple: no resource';
  if (tuples.protocol[row] !== protocolTcp && tuples.protocol[row] !== protocolUdp) return 'tuple: protocol';
  const state = tuples.state[row];
  if (format === 'nsg1' && (state === stateContinuing || state === stateEnd)) return 'tuple: continuing or end';
  return undefined;
}

function isNsg(aclId: string): boolean {
  return /\/providers\/microsoft\.network\/networksecuritygroups\/[^/]+$/i.test(withSingleSlashes(aclId));
}

function headerOf(record: FlowRecord, group: TupleGroup, format: FlowLogFormat): RecordHeader {
  const macAddress = group.mac || record.macAddress;
  const { timeMillis } = record;
  if (format === 'vnet') {
    const resourceId = record.format === 'vnet' ? record.resourceId : flowLogIdOf(record.resourceId);
    return {
      format,
      timeMillis,
      resourceId,
      macAddress,
      systemId: '',
      flowLogGuid: record.flowLogGuid || guidOf(resourceId),
      targetResourceId: record.format === 'vnet' ? record.targetResourceId : record.resourceId,
    };
  }
  const resourceId = record.format === 'vnet' ? group.aclId : record.resourceId;
  return {
    format,
    timeMillis,
    resourceId,
    macAddress,
    systemId: record.systemId || guidOf(resourceId),
    flowLogGuid: '',
    targetResourceId: '',
  };
}

/** The flow log of an NSG's tuples: `{nsg}-{rg}-flowlog` of the network watcher of region `local`. */
function flowLogIdOf(nsgId: string): string {
  const nsg = parseResourceId(nsgId);
  const name = `${nsg?.name ?? 'NSGFLOW'}-${nsg?.resourceGroup ?? 'NSGFLOW'}-flowlog`;
  const subscription = nsg?.subscription ?? '00000000-0000-0000-0000-000000000000';
  const path = providerPath('Microsoft.Network/networkWatchers/flowLogs', ['NetworkWatcher_local', name]);
  return `/subscriptions/${subscription}/resourceGroups/NetworkWatcherRG${path}`;
}

/** Counts what the written tuples lose. */
function countLosses(
  { tuples, groups, records }: FlowLog,
  rows: Uint32Array,
  format: FlowLogFormat,
  lost: Counters<Loss>,
): void {
  for (const row of rows) {
    const record = records[groups[tuples.group[row]].record];
    const state = tuples.state[row];
    const denied = state === stateDenied || tuples.access[row] === 1;
    const counted = !Number.isNaN(tuples.packetsForward[row]);
    if (format === 'vnet') {
      if (record.systemId !== '') lost.add('system id');
      if (denied && state !== stateDenied && state !== stateNone) lost.add('state');
      if (denied && counted) lost.add('counters');
      continue;
    }
    if (format === 'nsg1' && state !== stateNone && state !== stateBegin && state !== stateDenied) lost.add('state');
    if (format === 'nsg1' && counted) lost.add('counters');
    if (tuples.timeMillis[row] % 1000 !== 0) lost.add('milliseconds');
    if (record.format === 'vnet') {
      lost.add('flow log');
      if (tuples.encryption[row] !== 0) lost.add('encryption');
    }
  }
}
