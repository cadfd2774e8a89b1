import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../base/errors.ts';
import { minuteMillis, parseTime } from '../base/time.ts';

/** The losses that a recorder reports in `status.json` of its spool. */
export interface RecorderLosses {
  /** Blobs with missing minutes, by container and path; `start` included, `end` excluded. */
  readonly dropped: readonly { readonly blob: string; readonly startMillis: number; readonly endMillis: number }[];
  /** Minutes from here on can be waiting in the spool; `undefined` if it is empty. */
  readonly spooledFromMillis: number | undefined;
}

/**
 * Reads the spool's status.
 * @throws not-found, permission, io; usage if it is not a status
 */
export async function readRecorderLosses(spool: string): Promise<RecorderLosses> {
  const path = join(spool, 'status.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
  try {
    const status = JSON.parse(text) as {
      oldestMinute?: unknown;
      droppedBlobs?: readonly { container: unknown; blob: unknown; firstMinute: unknown; lastMinute: unknown }[];
    };
    const time = (value: unknown): number | undefined => (typeof value === 'string' ? parseTime(value) : undefined);
    return {
      spooledFromMillis: time(status.oldestMinute),
      dropped: (status.droppedBlobs ?? []).flatMap(({ container, blob, firstMinute, lastMinute }) => {
        const [first, last] = [time(firstMinute), time(lastMinute)];
        if (first === undefined || last === undefined) return [];
        return [{ blob: `${String(container)}/${String(blob)}`, startMillis: first, endMillis: last + minuteMillis }];
      }),
    };
  } catch (cause) {
    throw new FlowError('usage', `${path} is not the status of a recorder`, {
      cause,
      hint: 'Name the folder given to record --spool.',
    });
  }
}
