import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { ArmOptions } from '../arm.ts';
import { addArm, openArm } from '../arm.ts';
import type { OutputOptions } from '../asking.ts';
import { addOutput, formatOf, printObject } from '../asking.ts';
import type { FlowLogOptions } from '../flow-log.ts';
import { addFlowLog, findWatcher, flowLogBody, flowLogRow, getFlowLog, putFlowLog } from '../flow-log.ts';
import { resultOf } from '../output.ts';

interface CreateOptions extends ArmOptions, FlowLogOptions, OutputOptions {
  readonly location: string;
  readonly name: string;
}

export function define(command: Command): void {
  command
    .requiredOption('-l, --location <region>', 'region of the target')
    .requiredOption('-n, --name <name>', 'name of the flow log');
  addFlowLog(command);
  addArm(command);
  addOutput(command);
  command.action(async (options: CreateOptions) => {
    const format = formatOf(options);
    const arm = await openArm(options);
    const body = flowLogBody(arm, options.location, options);
    const place = await findWatcher(arm, options.location);
    if ((await getFlowLog(arm, place, options.name)) !== undefined)
      throw new FlowError('usage', `there is a flow log ${JSON.stringify(options.name)} in ${options.location}`, {
        hint: 'Change it with nsgflow flow-log update.',
      });
    const made = await putFlowLog(arm, place, options.name, body);
    await printObject({ ...made }, resultOf([flowLogRow(made)]), format);
  });
}
