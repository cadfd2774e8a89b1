import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';

/** `--lake` of a command, or of the command that it belongs to. @throws usage where it is not given */
export function lakeOf(command: Command): string {
  for (let at: Command | null = command; at !== null; at = at.parent)
    if (at.getOptionValueSource('lake') === 'cli') return at.opts<{ lake: string }>().lake;
  const { lake } = command.opts<{ lake?: string }>();
  if (lake === undefined)
    throw new FlowError('usage', 'name the folder of the lake: --lake DIR, NSGFLOW_LAKE, or lake in nsgflow.yaml');
  return lake;
}
