import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';

/** `--lake` of a command, or of the command that it belongs to. @throws usage where it is not given */
export function lakeOf(command: Command): string {
  const { lake } = command.optsWithGlobals<{ lake?: string }>();
  if (lake === undefined) throw new FlowError('usage', 'name the folder of the lake: --lake DIR');
  return lake;
}
