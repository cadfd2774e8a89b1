import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, printObject } from '../output/print.ts';
import type { FlowLogOptions } from '../resources/flow-log.ts';
import { addFlowLog, changedFlowLog, findWatcher, flowLogRow, getFlowLog, putFlowLog } from '../resources/flow-log.ts';
import { resultOf } from '../output/output.ts';

interface UpdateOptions extends ArmOptions, FlowLogOptions, OutputOptions {
  readonly location: string;
  readonly name: string;
}

export function define(command: Command): void {
  command
    .requiredOption('-l, --location <region>', 'region of the flow log')
    .requiredOption('-n, --name <name>', 'name of the flow log; what no option names stays as it is');
  addFlowLog(command);
  addArm(command);
  addOutput(command);
  command.action(async (options: UpdateOptions) => {
    const format = formatOf(options);
    const arm = await openArm(options);
    const place = await findWatcher(arm, options.location);
    const before = await getFlowLog(arm, place, options.name);
    if (before === undefined)
      throw new FlowError('not-found', `there is no flow log ${JSON.stringify(options.name)} in ${options.location}`);
    const wanted = changedFlowLog(arm, options.location, options, before);
    const changed = await putFlowLog(arm, place, options.name, wanted);
    await printObject(changed, resultOf([flowLogRow(changed)]), format);
  });
}
