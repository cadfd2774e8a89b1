import { join } from 'node:path';
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { locationOf } from '../../control/resources/resource-path.ts';
import { propertiesOf, textOf } from '../../control/resources/resource.ts';
import { explainFlow } from '../../advise/visibility.ts';
import type { FiveTuple } from '../../net/five-tuple.ts';
import { parseAddress } from '../../net/address.ts';
import { importNetwork } from '../../nsg/import.ts';
import type { Arm, ArmOptions } from '../resources/arm.ts';
import { addArm, openArm } from '../resources/arm.ts';
import { networkVersion } from '../../advise/resource-manager.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { Check } from '../../advise/check.ts';
import { checkAddresses, checkTags } from '../../advise/check-network.ts';
import { checkFlowLog } from '../../advise/check-flow-log.ts';
import { checkLake } from '../../advise/check-lake.ts';
import { describeTarget } from '../resources/flow-log.ts';
import { readNetworkResources } from '../resources/network-resources.ts';
import { parseWhole } from '../options/options.ts';
import type { OutputFormat } from '../output/output.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';
import { hasPorts, protocolHelp, readProtocol } from '../options/protocol-option.ts';

interface DoctorOptions extends ArmOptions, OutputOptions {
  readonly location?: string;
  readonly name?: string;
  readonly flow?: readonly string[];
  readonly protocol: string;
  readonly lake?: string;
}

export function define(command: Command): void {
  command
    .option('-l, --location <region>', 'look at the flow logs of this region alone')
    .option('-n, --name <name>', 'look at this flow log alone')
    .option('--flow <src dst port...>', 'why a flow is in no log: source and destination address, destination port')
    .option('--protocol <protocol>', `with --flow: ${protocolHelp}`, 'tcp')
    .option('--lake <dir>', 'look at this lake alone: what of it is settled (default: also lake in the data folder)')
    .addHelpText('after', '\nExit code 1 where something is wrong, or no log shows the flow.\n');
  addArm(command);
  addOutput(command);
  command.action(async (options: DoctorOptions) => {
    const format = formatOf(options);
    if (options.lake !== undefined) return examineLake(options.lake, format);
    const fiveTuple = options.flow === undefined ? undefined : readFlow(options.flow, options.protocol);
    const arm = await openArm(options);
    if (fiveTuple === undefined) await examine(arm, options, format);
    else await explain(arm, fiveTuple, format);
  });
}

async function examine(arm: Arm, options: DoctorOptions, format: OutputFormat): Promise<void> {
  const resources = await readNetworkResources(arm);
  const chosen = resources.flowLogs.filter(
    (flowLog) =>
      (options.name === undefined || textOf(flowLog['name']).toLowerCase() === options.name.toLowerCase()) &&
      (options.location === undefined || textOf(flowLog['location']) === locationOf(options.location)),
  );
  if (chosen.length === 0)
    throw new FlowError(
      'not-found',
      options.name === undefined ? 'there is no flow log' : `there is no flow log ${JSON.stringify(options.name)}`,
      {
        hint: 'nsgflow flow-log create makes one; nsgflow flow-log coverage says what is not logged.',
      },
    );
  const rows: Record<string, unknown>[] = [];
  let wrong = 0;
  for (const flowLog of chosen) {
    const checks = await checkFlowLog(arm, flowLog, resources, options.data, Date.now());
    wrong += checks.filter(({ state }) => state === 'wrong').length;
    rows.push(...checks.map(({ check, state, finding }) => ({ flow_log: flowLog['name'], check, state, finding })));
  }
  const ofLake = arm.isAzure ? [] : await checkOwnLake(options.data);
  for (const check of [await checkTags(arm, resources), checkAddresses(arm, resources), ...ofLake])
    if (check !== undefined) rows.push({ flow_log: '', ...check });
  wrong += ofLake.filter(({ state }) => state === 'wrong').length;
  await print({ ...resultOf(rows, ['flow_log', 'check', 'state', 'finding']), keep: ['state'] }, format);
  const targets = chosen.map((flowLog) => describeTarget(textOf(propertiesOf(flowLog)['targetResourceId'])));
  tell(
    `${targets.join(', ')}: ${wrong === 0 ? 'nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`}`,
  );
  if (wrong > 0) process.exitCode = 1;
}

/** Of the lake that the service has where nothing else is said. */
async function checkOwnLake(data: string): Promise<Check[]> {
  return checkLake(join(data, 'lake')).catch((error: unknown) => {
    if (error instanceof FlowError && error.code === 'not-found') return [];
    throw error;
  });
}

/** @throws not-found where there is no lake */
async function examineLake(folder: string, format: OutputFormat): Promise<void> {
  const checks = await checkLake(folder);
  await print(
    resultOf(
      checks.map((check) => ({ ...check })),
      ['check', 'state', 'finding'],
    ),
    format,
  );
  if (checks.some(({ state }) => state === 'wrong')) process.exitCode = 1;
}

async function explain(arm: Arm, fiveTuple: FiveTuple, format: OutputFormat): Promise<void> {
  const { nsgs, virtualNetworks, nics, flowLogs } = await readNetworkResources(arm);
  const groups = await arm.list(
    `/subscriptions/${arm.subscription}/providers/Microsoft.Network/applicationSecurityGroups`,
    networkVersion,
  );
  const rows = explainFlow(
    importNetwork({
      files: [{ path: 'the service', json: { value: [...nsgs, ...virtualNetworks, ...nics, ...groups] } }],
      inForce: true,
    }),
    flowLogs,
    fiveTuple,
  );
  const shown = rows.map(({ at, direction, decision, flowLog, isShown, finding }) => ({
    at,
    direction,
    decision,
    flow_log: flowLog,
    shown: isShown,
    finding,
  }));
  await print(resultOf(shown, ['at', 'direction', 'decision', 'flow_log', 'shown', 'finding']), format);
  if (!rows.some(({ isShown }) => isShown)) process.exitCode = 1;
}

/** The source port is an ephemeral one. @throws usage */
function readFlow(words: readonly string[], protocol: string): FiveTuple {
  if (words.length !== 3)
    throw new FlowError('usage', '--flow takes a source address, a destination address and a destination port', {
      hint: 'Such as --flow 10.0.0.4 10.0.1.5 443.',
    });
  const [source, destination] = words.slice(0, 2).map((word) => {
    const address = parseAddress(word);
    if (address === undefined) throw new FlowError('usage', `--flow: ${JSON.stringify(word)} is not an IP address`);
    return address;
  });
  const destinationPort = parseWhole('--flow', words[2], 0, 65_535);
  const number = readProtocol(protocol, source.family);
  const [sourcePort, port] = hasPorts(number) ? [50_000, destinationPort] : [0, 0];
  return { protocol: number, source, sourcePort, destination, destinationPort: port };
}
