import type { Command } from 'commander';
import type { ArmOptions } from '../arm.ts';
import { addArm, openArm } from '../arm.ts';
import type { OutputOptions } from '../asking.ts';
import { addOutput, formatOf, print } from '../asking.ts';
import { findWatcher, flowLogRow, listFlowLogs, listWatchers } from '../flow-log.ts';
import { resultOf } from '../output.ts';

interface ListOptions extends ArmOptions, OutputOptions {
  readonly location?: string;
}

const columns = ['name', 'location', 'target', 'storage', 'enabled', 'version', 'retention'];

export function define(command: Command): void {
  command.option('-l, --location <region>', 'of this region alone');
  addArm(command);
  addOutput(command);
  command.action(async (options: ListOptions) => {
    const format = formatOf(options);
    const arm = await openArm(options);
    const places =
      options.location === undefined ? await listWatchers(arm) : [await findWatcher(arm, options.location)];
    const rows: Record<string, unknown>[] = [];
    for (const place of places) rows.push(...(await listFlowLogs(arm, place)).map(flowLogRow));
    await print(resultOf(rows, columns), format);
  });
}
