import type { Command } from 'commander';
import type { ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { findWatcher, flowLogRow, listFlowLogs, listWatchers } from '../resources/flow-log.ts';
import { resultOf } from '../output/output.ts';

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
