import type { Command } from 'commander';
import { formatCountOf } from '../../base/format-count.ts';
import { coverageOf, isGap } from '../../advise/coverage.ts';
import type { ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { readNetworkResources } from '../resources/network-resources.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';

export function define(command: Command): void {
  command.addHelpText('after', '\nExit code 1 where something is not logged, half logged, or logged twice.\n');
  addArm(command);
  addOutput(command);
  command.action(async (options: ArmOptions & OutputOptions) => {
    const format = formatOf(options);
    const rows = coverageOf(await readNetworkResources(await openArm(options)));
    const shown = rows.map(({ kind, name, status, flowLogs, note }) => ({
      kind,
      name,
      status,
      flow_logs: flowLogs.join(', '),
      note,
    }));
    await print(resultOf(shown, ['kind', 'name', 'status', 'flow_logs', 'note']), format);
    const gaps = rows.filter(isGap);
    const count = (status: string): number => gaps.filter((row) => row.status === status).length;
    tell(
      gaps.length === 0
        ? `${formatCountOf(rows.length, 'resource')}: all that has traffic is logged, and nothing twice`
        : `${formatCountOf(rows.length, 'resource')}: ${count('not logged')} not logged, ${count('half')} half logged, ${count('twice')} logged twice`,
    );
    if (gaps.length > 0) process.exitCode = 1;
  });
}
