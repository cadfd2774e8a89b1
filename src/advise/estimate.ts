import type { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { Lake } from '../lake/lake.ts';
import type { PlannedDay } from '../ingest/plan.ts';
import { IngestPlan } from '../ingest/plan.ts';
import type { IngestSettings } from '../ingest/ingest.ts';
import { openExisting } from '../ingest/ingest.ts';
import type { Selection } from '../source/selection.ts';
import { listSources } from '../source/list-sources.ts';

/** US dollars for 10,000 operations. */
export interface OperationPrices {
  readonly per10000Reads: number;
  readonly per10000Lists: number;
}

/**
 * Hot tier, locally redundant, a region of the United States. Transfer out of Azure is not in it.
 * Source: infracost, storage_account_test.golden ("Standard_LRS_Hot": 60 x 10K reads 0.26, 600 x 10K lists 33.00).
 */
export const operationPrices: OperationPrices = { per10000Reads: 0.0044, per10000Lists: 0.055 };

/** What ingesting these sources would take. */
export interface Estimate {
  /** Blobs listed, and those of them that have something new. */
  readonly blobs: number;
  readonly newBlobs: number;
  /** New bytes, as stored. */
  readonly newBytes: number;
  /** Requests for pages of listings, and for block lists and bytes, about. */
  readonly listOperations: number;
  readonly readOperations: number;
  /** Of both kinds; `undefined` where no source is in Azure. */
  readonly priceDollars: number | undefined;
  /** By which the lake would grow, about. */
  readonly lakeBytes: number;
  /** Bytes in the lake for one of a log: measured in this lake where it has enough, else `lakeShareDefault`. */
  readonly lakeShare: number;
  readonly days: readonly PlannedDay[];
}

/** Bytes of a lake for one byte of flow logs: those of examples/traffic.pcap, 691 kB in both formats, take 71 kB. */
const lakeShareDefault = 0.1;
/** Bytes read into a lake before its own share is believed. */
const measuredBytesMin = 50e6;
/** Blobs of one page of a listing. */
const pageBlobs = 5000;

/** Lists the sources, and reads nothing else. @throws what storage and lake throw */
export async function estimate(
  settings: {
    readonly sources: readonly string[];
    readonly lake: string;
    readonly selection: Selection;
    readonly onNotice?: IngestSettings['onNotice'];
  },
  prices: OperationPrices,
): Promise<Estimate> {
  const plan = new IngestPlan();
  const lake = await openExisting(settings.lake);
  try {
    const positions = (await lake?.positions())?.byKey ?? new Map<string, never>();
    let lists = 0;
    const failures: FlowError[] = [];
    const unlisted = {
      onSource: (error: FlowError) => void failures.push(error),
      onPath: ({ message }: FlowError) => settings.onNotice?.({ notice: 'unread', sentence: message }),
    };
    for (const source of settings.sources) {
      const before = plan.listed;
      await plan.add(listSources([source], settings.selection, unlisted), positions);
      lists += Math.max(1, Math.ceil((plan.listed - before) / pageBlobs));
    }
    if (failures.length > 0) throw failures[0];
    const { listed, blobs, bytes } = plan;
    const reads = 2 * blobs + Math.floor(bytes / limits.pieceBytesMax);
    const lakeShare = await shareOf(lake);
    const priced = settings.sources.some(isUrl);
    return {
      blobs: listed,
      newBlobs: blobs,
      newBytes: bytes,
      listOperations: lists,
      readOperations: reads,
      priceDollars: priced ? (reads * prices.per10000Reads + lists * prices.per10000Lists) / 10_000 : undefined,
      lakeBytes: Math.round(bytes * lakeShare),
      lakeShare,
      days: plan.days(),
    };
  } finally {
    await plan.close();
    await lake?.close();
  }
}

async function shareOf(lake: Lake | undefined): Promise<number> {
  if (lake === undefined) return lakeShareDefault;
  let read = 0;
  for (const { readBytes } of (await lake.positions()).byKey.values()) read += readBytes;
  if (read < measuredBytesMin) return lakeShareDefault;
  return (await lake.snapshot()).files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / read;
}
