import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import { deleteFlowLog, findWatcher, getFlowLog } from '../resources/flow-log.ts';
import { tell } from '../output/printable.ts';

interface DeleteOptions extends ArmOptions {
  readonly location: string;
  readonly name: string;
}

export function define(command: Command): void {
  command
    .requiredOption('-l, --location <region>', 'region of the flow log')
    .requiredOption('-n, --name <name>', 'name of the flow log; its blobs stay');
  addArm(command);
  command.action(async (options: DeleteOptions) => {
    const arm = await openArm(options);
    const place = await findWatcher(arm, options.location);
    if ((await getFlowLog(arm, place, options.name)) === undefined)
      throw new FlowError('not-found', `there is no flow log ${JSON.stringify(options.name)} in ${options.location}`);
    await deleteFlowLog(arm, place, options.name);
    tell(`flow log ${options.name} is deleted; its blobs stay`);
  });
}
