import { readJson } from '../arm-template/read-json.ts';
import { typeOfId } from '../nsg/raw-resource.ts';
import type { Value } from '../arm-template/value.ts';
import { getProperty, isArray, isObject, scalarText } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import { readField, readObject, readProperties, readText } from '../nsg/fields.ts';
import { guidOf } from '../nsg/network.ts';
import type { FlowLogSettings } from '../pipeline/recording-settings.ts';
import { readText as readFileText } from './options.ts';

/**
 * The enabled flow logs in a file: the answer of the REST API, or what `az network watcher flow-log list` or `show` prints. All go to one
 * account, whose key is ''. @throws not-found, usage where it holds none that is enabled
 */
export async function readFlowLogs(path: string): Promise<FlowLogSettings[]> {
  const found: FlowLogSettings[] = [];
  collect(readJson(await readFileText(path), path), path, found);
  if (found.length === 0)
    throw new FlowError('usage', `${path} holds no flow log that is enabled`, {
      hint: 'az network watcher flow-log list --location REGION > flow-logs.json',
    });
  return found;
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
