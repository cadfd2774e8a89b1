import { parseBlobPath } from '../flowlog/blob-path.ts';
import type { Lake } from '../lake/lake.ts';
import type { LogKey } from './log-evidence.ts';
import { LogEvidence } from './log-evidence.ts';
import type { Selection } from '../source/selection.ts';
import type { UnlistedHandler } from '../source/list-sources.ts';
import { listSources } from '../source/list-sources.ts';
import { isNeverRead, unreadOf, withoutUnread } from '../source/unread.ts';

/** The ingest status of one flow log. */
export interface FlowLogStatus {
  readonly kind: LogKey['kind'];
  /** ARM id of the NSG or VNet flow log, in upper case; '' for blobs whose path does not contain it. */
  readonly resourceId: string;
  /** Blobs with a position, and their bytes that were read. */
  readonly blobs: number;
  readonly readBytes: number;
  /** Unusable byte ranges. */
  readonly rejected: number;
  /** Blobs whose last read failed, or failed in part. */
  readonly unread: number;
  /** NICs with records. */
  readonly nics: number;
  /** Time of the newest record; `undefined` if there is none. */
  readonly newestMillis: number | undefined;
  /** In the hour that ends with the newest record. */
  readonly tuplesPerMinute: number;
  /** Unread blobs and bytes of the given sources. */
  readonly pendingBlobs: number;
  readonly pendingBytes: number;
}

type Mutable = { -readonly [Name in keyof FlowLogStatus]: FlowLogStatus[Name] };

/**
 * One entry per flow log. If sources are given, they are listed for unread data.
 * @throws errors of storage
 */
export async function ingestStatus(
  lake: Lake,
  sources: readonly string[],
  selection: Selection,
  unlisted?: UnlistedHandler,
): Promise<readonly FlowLogStatus[]> {
  const logs = new Map<string, Mutable>();
  const logOf = (kind: LogKey['kind'], id: string): Mutable => {
    const resourceId = id.toUpperCase();
    let log = logs.get(`${kind}\n${resourceId}`);
    if (log === undefined) {
      log = {
        kind,
        resourceId,
        blobs: 0,
        readBytes: 0,
        rejected: 0,
        unread: 0,
        nics: 0,
        newestMillis: undefined,
        tuplesPerMinute: 0,
        pendingBlobs: 0,
        pendingBytes: 0,
      };
      logs.set(`${kind}\n${resourceId}`, log);
    }
    return log;
  };
  const logOfBlob = (key: string): Mutable => {
    const path = parseBlobPath(key);
    return logOf(path?.kind ?? 'nsg', path?.resourceId ?? '');
  };
  const { byKey } = await lake.positions();
  for (const [key, position] of byKey) {
    const log = logOfBlob(key);
    if (unreadOf(position) !== undefined) log.unread++;
    if (isNeverRead(position)) continue;
    log.blobs++;
    log.readBytes += position.readBytes;
    log.rejected += withoutUnread(position.rejections ?? []).length;
  }
  const evidence = await LogEvidence.open(await lake.snapshot(), {});
  try {
    for await (const { kind, resourceId, nics, newestMillis, hourTuples } of evidence.newest())
      Object.assign(logOf(kind, resourceId), { nics, newestMillis, tuplesPerMinute: Math.round(hourTuples / 6) / 10 });
  } finally {
    await evidence.close();
  }
  for await (const blob of listSources(sources, selection, unlisted)) {
    const before = byKey.get(blob.key);
    if (before?.etag === blob.etag && before.lengthBytes === blob.lengthBytes) continue;
    const log = logOfBlob(blob.key);
    log.pendingBlobs++;
    log.pendingBytes += Math.max(0, blob.lengthBytes - (before?.readBytes ?? 0));
  }
  return [...logs.values()].sort((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
}
