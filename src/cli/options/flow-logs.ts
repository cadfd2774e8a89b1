import { readJson } from '../../arm-template/read-json.ts';
import { resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import { typeOfId } from '../../nsg/raw-resource.ts';
import type { Value } from '../../arm-template/value.ts';
import { getProperty, isArray, isObject, scalarText } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { readField, readObject, readProperties, readText } from '../../nsg/fields.ts';
import type { Network } from '../../nsg/network.ts';
import { guidOf } from '../../nsg/network.ts';
import type { FlowLogFormat } from '../../flowlog/tuple.ts';
import type { FlowLogSettings } from '../../record/recording-settings.ts';
import { defaultFlowLogs } from '../../record/recording-settings.ts';
import { parseFormat, readText as readFileText } from './options.ts';
import { tell } from '../output/printable.ts';

/** Options that say which flow logs a recording has. */
export interface FlowLogOptions {
  readonly format?: readonly string[];
  readonly flowLogs?: string;
  readonly filteringCriteria?: string;
  readonly recordTypes?: string;
}

interface FlowLogChoice {
  readonly formats: readonly FlowLogFormat[];
  /** The flow logs of a network. */
  readonly on: (network: Network) => FlowLogSettings[];
}

/** What the options ask for on the network given. Warnings go to stderr. @throws usage, not-found, network-invalid */
export async function readFlowLogChoice(options: FlowLogOptions, network: Network | undefined): Promise<FlowLogChoice> {
  const { filteringCriteria, recordTypes } = options;
  const filter = {
    ...(filteringCriteria === undefined ? {} : { enabledFilteringCriteria: filteringCriteria }),
    ...(recordTypes === undefined ? {} : { recordTypes }),
  };
  const isFiltered = filteringCriteria !== undefined || recordTypes !== undefined;
  if (options.flowLogs !== undefined) {
    if (options.format !== undefined || isFiltered)
      throw new FlowError(
        'usage',
        '--flow-logs says itself what --format, --filtering-criteria and --record-types say',
      );
    if (network === undefined) throw new FlowError('usage', '--flow-logs goes with --network');
    const logs = await readFlowLogs(options.flowLogs);
    for (const stray of strayFlowLogs(logs, network)) tell(`warning: ${stray}`);
    return { formats: [...new Set(logs.map(({ format }) => format))], on: () => logs };
  }
  const formats = [...new Set((options.format ?? ['nsg2']).map(parseFormat))];
  if (isFiltered && !formats.includes('vnet'))
    throw new FlowError(
      'usage',
      '--filtering-criteria and --record-types go with --format vnet: NSG flow logs have no filter',
    );
  return { formats, on: (network) => defaultFlowLogs(network, formats, '', filter) };
}

/**
 * The enabled flow logs in a file: the answer of the REST API, or what `az network watcher flow-log list` or `show` prints. All go to one
 * account, whose key is ''. @throws not-found, usage where it holds none that is enabled
 */
async function readFlowLogs(path: string): Promise<FlowLogSettings[]> {
  const found: FlowLogSettings[] = [];
  collect(readJson(await readFileText(path), path), path, found);
  if (found.length === 0)
    throw new FlowError('usage', `${path} holds no flow log that is enabled`, {
      hint: 'az network watcher flow-log list --location REGION > flow-logs.json',
    });
  return found;
}

/** One sentence for each flow log whose target the network does not hold. */
function strayFlowLogs(logs: readonly FlowLogSettings[], network: Network): string[] {
  const { nsgs, nics, subnets, virtualNetworks } = network;
  const known = new Set([...nsgs, ...nics, ...subnets, ...virtualNetworks].map(({ id }) => resourceKey(id)));
  return logs
    .filter(({ targetId }) => !known.has(resourceKey(targetId)))
    .map(({ id, targetId }) => `the flow log ${resourceName(id)} holds nothing: ${targetId} is not in the network`);
}

function collect(json: Value, where: string, found: FlowLogSettings[]): void {
  if (isArray(json)) {
    json.forEach((item, index) => collect(item, `${where}[${index}]`, found));
    return;
  }
  if (!isObject(json)) return;
  const id = scalarText(getProperty(json, 'id'));
  if (typeOfId(id).toLowerCase() !== 'microsoft.network/networkwatchers/flowlogs') {
    for (const key of Object.keys(json)) collect(json[key], `${where}.${key}`, found);
    return;
  }
  const fields = readProperties(json, where);
  const targetId = readText(fields, 'targetResourceId', where);
  if (targetId === '') throw new FlowError('usage', `${where}: the flow log ${id} names no targetResourceId`);
  if (readField(fields, 'enabled') === false) return;
  const format = readObject(fields, 'format', where);
  const version = format === undefined ? '' : readText(format, 'version', where);
  const isNsg = typeOfId(targetId).toLowerCase() === 'microsoft.network/networksecuritygroups';
  found.push({
    id,
    guid: readText(fields, 'resourceGuid', where) || guidOf(id),
    targetId,
    format: !isNsg ? 'vnet' : version === '2' ? 'nsg2' : 'nsg1',
    storage: '',
    enabledFilteringCriteria: readText(fields, 'enabledFilteringCriteria', where),
    recordTypes: readText(fields, 'recordTypes', where),
  });
}
