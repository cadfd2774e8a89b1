import { FlowError } from '../base/errors.ts';
import { formatCountOf } from '../base/format-count.ts';
import { describeSettling, settlingState } from '../lake/flows/settling-state.ts';
import { damagedFiles } from '../lake/files/file-sizes.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import type { Check } from './check.ts';

/** Paths that a finding names. */
const namedMax = 3;

/**
 * Checks which part of a lake is settled, and whether the files of its tuples are complete.
 * @throws not-found if the folder has no lake
 */
export async function checkLake(folder: string): Promise<Check[]> {
  try {
    const lake = await openLake(folder);
    try {
      const { files } = await lake.snapshot();
      const tuples = files.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
      const settling = describeSettling(await settlingState(lake), tuples);
      return [...settling.map((one): Check => ({ check: 'settling', ...one })), ...(await checkTuples(lake))];
    } finally {
      await lake.close();
    }
  } catch (error) {
    if (!(error instanceof FlowError) || error.code === 'not-found') throw error;
    const hint = error.hint === undefined ? '' : `. ${error.hint}`;
    return [{ check: 'settling', state: 'wrong', finding: `${error.message}${hint}` }];
  }
}

/** Nothing can rebuild rows of the table of tuples, so a missing file is named before a question fails because of it. */
async function checkTuples(lake: Lake): Promise<Check[]> {
  const { place, state } = lake.tuples;
  const paths = (await damagedFiles(place, [...state.files.values()])).map(({ path }) => path);
  if (paths.length === 0) return [];
  const count = formatCountOf(paths.length, 'data file');
  const named = `${paths.slice(0, namedMax).join(', ')}${paths.length > namedMax ? ', …' : ''}`;
  const finding = `${count} of tuples ${paths.length === 1 ? 'is' : 'are'} missing or cut: ${named}. Questions that need tuples of these dates fail. Copy the files back, or ingest the logs into a new lake.`;
  return [{ check: 'files', state: 'wrong', finding }];
}
