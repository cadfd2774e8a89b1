import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, printObject } from '../output/print.ts';
import { findWatcher, flowLogRow, getFlowLog } from '../resources/flow-log.ts';
import { resultOf } from '../output/output.ts';

interface ShowOptions extends ArmOptions, OutputOptions {
  readonly location: string;
  readonly name: string;
}

export function define(command: Command): void {
  command
    .requiredOption('-l, --location <region>', 'region of the flow log')
    .requiredOption('-n, --name <name>', 'name of the flow log');
  addArm(command);
  addOutput(command);
  command.action(async (options: ShowOptions) => {
    const format = formatOf(options);
    const arm = await openArm(options);
    const found = await getFlowLog(arm, await findWatcher(arm, options.location), options.name);
    if (found === undefined)
      throw new FlowError('not-found', `there is no flow log ${JSON.stringify(options.name)} in ${options.location}`);
    await printObject(found, resultOf([flowLogRow(found)]), format);
  });
}
