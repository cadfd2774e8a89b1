import { FlowError } from '../../base/errors.ts';
import type { RetentionRule } from '../../source/retain.ts';
import { checkDays } from '../../source/retain.ts';
import { readText } from './options.ts';

/**
 * Reads a file of retention rules, JSON or YAML, in any of these forms; keys that are not named here are passed over:
 *
 *     {"/subscriptions/…/networkSecurityGroups/web": 90, …}              id of an NSG or flow log: days
 *     [{"id": "/subscriptions/…/flowLogs/vnet-flowlog", "days": 30}, …]
 *     az network watcher flow-log list                                   id, targetResourceId, retentionPolicy {days, enabled}
 *
 * @throws usage, not-found
 */
export async function readRetentionRules(path: string): Promise<RetentionRule[]> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = (await import('yaml')).parse(text);
  } catch (cause) {
    throw new FlowError('usage', `${path} is neither JSON nor YAML`, { cause });
  }
  if (Array.isArray(value)) return value.map((item, i) => readRule(item, `${path}, rule ${i + 1}`));
  if (!isObject(value)) throw new FlowError('usage', `${path} holds no retention rules`);
  if (Array.isArray(value['value'])) return value['value'].map((item, i) => readRule(item, `${path}, rule ${i + 1}`));
  return Object.entries(value).map(([id, days]) => ruleOf(id, [id], days, `${path}, ${id}`));
}

function readRule(item: unknown, where: string): RetentionRule {
  if (!isObject(item)) throw new FlowError('usage', `${where} is not an object`);
  const outer: Record<string, unknown> = isObject(item['properties'])
    ? { ...item['properties'], id: item['id'] }
    : item;
  const { id, targetResourceId, days, retentionPolicy } = outer;
  if (typeof id !== 'string') throw new FlowError('usage', `${where} has no id`);
  const ids = typeof targetResourceId === 'string' ? [id, targetResourceId] : [id];
  if (days !== undefined || !isObject(retentionPolicy)) return ruleOf(id, ids, days, where);
  return ruleOf(id, ids, retentionPolicy['enabled'] === true ? retentionPolicy['days'] : 0, where);
}

function ruleOf(name: string, ids: readonly string[], days: unknown, where: string): RetentionRule {
  if (ids.some((id) => !id.startsWith('/subscriptions/') && !/^\/subscriptions\//i.test(id)))
    throw new FlowError('usage', `${where} is not about an ARM id`, { hint: 'Ids begin with /subscriptions/.' });
  if (typeof days !== 'number') throw new FlowError('usage', `${where} says no days, 0 (forever) to 365`);
  try {
    return { name, ids, days: checkDays(days) };
  } catch (cause) {
    throw new FlowError('usage', `${where}: ${(cause as Error).message}`, { cause });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
