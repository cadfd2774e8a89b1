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

/** US dollars per 10,000 operations. */
export interface OperationPrices {
  readonly per10000Reads: number;
  readonly per10000Lists: number;
}

/**
 * Hot tier, locally redundant, a region of the United States, without data transfer out of Azure. Source: infracost,
 * storage_account_test.golden ("Standard_LRS_Hot": 60 x 10K reads 0.26, 600 x 10K lists 33.00).
 */
export const operationPrices: OperationPrices = { per10000Reads: 0.0044, per10000Lists: 0.055 };

/** The estimated cost of ingesting these sources. */
export interface Estimate {
  /** Listed blobs, and those of them with new data. */
  readonly blobs: number;
  readonly newBlobs: number;
  /** New bytes, as stored. */
  readonly newBytes: number;
  /** Estimated requests for listing pages, and for block lists and bytes. */
  readonly listOperations: number;
  readonly readOperations: number;
  /** Price of both kinds; `undefined` if no source is in Azure. */
  readonly priceDollars: number | undefined;
  /** Estimated growth of the lake. */
  readonly lakeBytes: number;
  /** Bytes in the lake per byte of a log: measured in this lake if it has enough data, otherwise `lakeShareDefault`. */
  readonly lakeShare: number;
  readonly days: readonly PlannedDay[];
}

/** Bytes of a lake per byte of flow logs: examples/traffic.pcap gives 691 kB in both formats, and 71 kB in a lake. */
const lakeShareDefault = 0.1;
/** Bytes in a lake from which on its own share is used. */
const measuredBytesMin = 50e6;
/** Blobs per page of a listing. */
const pageBlobs = 5000;

/**
 * Lists the sources without reading blobs.
 * @throws errors of storage and lake
 */
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
