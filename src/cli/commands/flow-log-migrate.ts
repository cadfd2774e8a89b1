import type { Command } from 'commander';
import { formatCountOf } from '../../base/format-count.ts';
import type { MigrationStep } from '../../advise/migration.ts';
import { migratedBody, planMigration } from '../../advise/migration.ts';
import { propertiesOf } from '../../control/resources/resource.ts';
import type { Arm, ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { describeTarget, disabledFlowLog, findWatcher, getFlowLog, putFlowLog } from '../resources/flow-log.ts';
import { readNetworkResources } from '../resources/network-resources.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';

interface MigrateOptions extends ArmOptions, OutputOptions {
  readonly aggregate: boolean;
  readonly dryRun?: boolean;
}

export function define(command: Command): void {
  command
    .option('--no-aggregate', 'one flow log for each subnet and NIC that has an NSG, not one for each VNet')
    .option('--dry-run', 'say what would be done');
  addArm(command);
  addOutput(command);
  command.action(async (options: MigrateOptions) => {
    const format = formatOf(options);
    const arm = await openArm(options);
    const steps = planMigration(await readNetworkResources(arm), options.aggregate);
    const rows: Record<string, unknown>[] = [];
    for (const step of steps) {
      if (options.dryRun !== true) await take(arm, step);
      const { step: what, name, location, targetId, reason } = step;
      rows.push({ step: what, flow_log: name, location, target: describeTarget(targetId), reason });
    }
    await print(resultOf(rows, ['step', 'flow_log', 'location', 'target', 'reason']), format);
    const said = (what: MigrationStep['step'], kind: string, done: string): string => {
      const count = steps.filter(({ step }) => step === what).length;
      const verb = options.dryRun === true ? 'would be' : count === 1 ? 'is' : 'are';
      return `${formatCountOf(count, kind)} ${verb} ${done}`;
    };
    tell(`${said('create', 'VNet flow log', 'created')}, ${said('disable', 'NSG flow log', 'disabled')}; blobs stay`);
  });
}

/** New flow logs come before the old ones end, so that nothing is missed; for some minutes both write. */
async function take(arm: Arm, step: MigrationStep): Promise<void> {
  if (step.step === 'keep') return;
  const place = await findWatcher(arm, step.location);
  if (step.step === 'create') {
    const body = migratedBody(step);
    await putFlowLog(arm, place, step.name, { location: step.location, ...propertiesOf(body) });
    return;
  }
  const before = await getFlowLog(arm, place, step.name);
  if (before === undefined) return;
  await putFlowLog(arm, place, step.name, disabledFlowLog(before));
}
