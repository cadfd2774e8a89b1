import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { resourceName } from '../../arm-template/resource-id.ts';
import type { Arm, ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import { storageVersion } from '../../advise/resource-manager.ts';
import { textOf } from '../../control/resources/resource.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, printObject } from '../output/print.ts';
import type { FlowLog, FlowLogOptions } from '../resources/flow-log.ts';
import { addFlowLog, changedFlowLog, findWatcher, flowLogRow, getFlowLog, putFlowLog } from '../resources/flow-log.ts';
import { resultOf } from '../output/output.ts';

interface CreateOptions extends ArmOptions, FlowLogOptions, OutputOptions {
  readonly location: string;
  readonly name: string;
  readonly makeAccount?: boolean;
}

export function define(command: Command): void {
  command
    .requiredOption('-l, --location <region>', 'region of the target')
    .requiredOption('-n, --name <name>', 'name of the flow log');
  addFlowLog(command);
  command.option('--make-account', 'make the storage account where the service has none of the name; not with --azure');
  addArm(command);
  addOutput(command);
  command.action(async (options: CreateOptions) => {
    const format = formatOf(options);
    if (options.makeAccount === true && options.azure === true)
      throw new FlowError('usage', '--make-account makes accounts of the service, not of Azure', {
        hint: 'az storage account create makes one at Azure.',
      });
    const arm = await openArm(options);
    const wanted = changedFlowLog(arm, options.location, options);
    const place = await findWatcher(arm, options.location);
    if ((await getFlowLog(arm, place, options.name)) !== undefined)
      throw new FlowError('usage', `there is a flow log ${JSON.stringify(options.name)} in ${options.location}`, {
        hint: 'Change it with nsgflow flow-log update.',
      });
    await requireAccount(arm, wanted, options.makeAccount === true);
    const made = await putFlowLog(arm, place, options.name, wanted);
    await printObject(made, resultOf([flowLogRow(made)]), format);
  });
}

/** The storage account of a flow log is there, or is made. Azure judges its own. @throws not-found */
async function requireAccount(arm: Arm, flowLog: FlowLog, mayMake: boolean): Promise<void> {
  const storageId = textOf(flowLog['storageId']);
  if (arm.isAzure || (await arm.get(storageId, storageVersion)) !== undefined) return;
  if (!mayMake)
    throw new FlowError('not-found', `the service has no storage account ${resourceName(storageId)}`, {
      hint: 'The same command with --make-account makes it first.',
    });
  const sku = { name: 'Standard_LRS' };
  const location = textOf(flowLog['location']);
  await arm.put(storageId, storageVersion, { location, kind: 'StorageV2', sku, properties: {} });
}
