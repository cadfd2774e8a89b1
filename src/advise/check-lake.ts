import { FlowError } from '../base/errors.ts';
import { describeSettling, settlingState } from '../lake/flows/settling-state.ts';
import { openLake } from '../lake/lake.ts';
import type { Check } from './check.ts';

/**
 * Checks which part of a lake is settled.
 * @throws not-found if the folder has no lake
 */
export async function checkLake(folder: string): Promise<Check[]> {
  try {
    const lake = await openLake(folder);
    try {
      const { files } = await lake.snapshot();
      const tuples = files.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
      return describeSettling(await settlingState(lake), tuples).map((one) => ({ check: 'settling', ...one }));
    } finally {
      await lake.close();
    }
  } catch (error) {
    if (!(error instanceof FlowError) || error.code === 'not-found') throw error;
    const hint = error.hint === undefined ? '' : `. ${error.hint}`;
    return [{ check: 'settling', state: 'wrong', finding: `${error.message}${hint}` }];
  }
}
