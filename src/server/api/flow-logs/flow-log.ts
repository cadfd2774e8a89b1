/** Flow logs as the console shows and changes them. */
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { resourceKey, resourceName } from '../../../arm-template/resource-id.ts';
import type { JsonObject } from '../../../arm-template/value.ts';
import type { FlowLogState } from '../../../control/resources/snapshot.ts';
import { objectOf, propertiesOf, textOf } from '../../../control/resources/resource.ts';
import { locationOf } from '../../../control/resources/resource-path.ts';
import { words } from '../schema.ts';

export const flowLogSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  target: Type.Object({ id: Type.String(), kind: Type.String(), name: Type.String() }),
  enabled: Type.Boolean(),
  version: Type.Integer(),
  format: words(['nsg1', 'nsg2', 'vnet']),
  retentionDays: Type.Integer({ description: '0 keeps forever.' }),
  account: Type.Object({ id: Type.String(), name: Type.String(), location: Type.Optional(Type.String()) }),
  location: Type.String(),
  trafficAnalytics: Type.Boolean(),
  state: words(['delivering', 'spooling', 'off', 'error']),
  lastBlock: Type.Optional(Type.String({ description: 'When its newest blob grew.' })),
  error: Type.Optional(Type.String()),
});

const id = Type.String({ minLength: 1, maxLength: 1000 });

export const flowLogBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 80 }),
  target: Type.Object({ id }),
  account: Type.Object({ id }),
  location: Type.Optional(Type.String({ maxLength: 100 })),
  enabled: Type.Optional(Type.Boolean()),
  version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 })),
  retentionDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365 })),
  trafficAnalytics: Type.Optional(Type.Boolean()),
});

/** @param lastMillis when its newest blob grew; `undefined` if it has none */
export function flowLogOf(
  resource: JsonObject,
  state: FlowLogState | undefined,
  accountLocation: string | undefined,
  lastMillis: number | undefined,
): Static<typeof flowLogSchema> {
  const properties = propertiesOf(resource);
  const targetId = textOf(properties['targetResourceId']);
  const storageId = textOf(properties['storageId']);
  const { days, enabled: isRetained } = objectOf(properties['retentionPolicy']);
  const format = state?.format ?? 'vnet';
  const account = { id: storageId, name: resourceName(storageId) };
  return {
    id: textOf(resource['id']),
    name: textOf(resource['name']),
    target: { id: targetId, ...targetOf(targetId) },
    enabled: properties['enabled'] === true,
    version: format === 'vnet' ? 4 : format === 'nsg2' ? 2 : 1,
    format,
    retentionDays: isRetained === true && typeof days === 'number' ? days : 0,
    account: accountLocation === undefined ? account : { ...account, location: accountLocation },
    location: locationOf(textOf(resource['location'])),
    trafficAnalytics: analyticsOf(properties)['enabled'] === true,
    ...deliveryOf(state, account.name),
    ...(lastMillis === undefined ? {} : { lastBlock: new Date(lastMillis).toISOString() }),
  };
}

/** `{kind: 'subnet', name: 'vnet/default'}` */
export function targetOf(targetId: string): { kind: 'NSG' | 'VNet' | 'subnet' | 'NIC'; name: string } {
  const name = resourceName(targetId);
  if (/\/networksecuritygroups\//i.test(targetId)) return { kind: 'NSG', name };
  const [, network] = /\/virtualnetworks\/([^/]+)\/subnets\/[^/]+$/i.exec(targetId) ?? [];
  if (network !== undefined) return { kind: 'subnet', name: `${network}/${name}` };
  return { kind: /\/virtualnetworks\//i.test(targetId) ? 'VNet' : 'NIC', name };
}

function deliveryOf(
  state: FlowLogState | undefined,
  account: string,
): { state: 'delivering' | 'spooling' | 'off' | 'error'; error?: string } {
  if (state === undefined) return { state: 'error', error: 'The target of this flow log does not exist.' };
  if (!state.enabled) return { state: 'off' };
  if (state.delivery === 'ok') return { state: 'delivering' };
  switch (state.delivery.stopped) {
    case 'key-rotated':
      return {
        state: 'spooling',
        error: `The key of ${account} was regenerated, so storage refuses the blocks, and they wait in the spool. Switch the flow log off and on.`,
      };
    case 'firewall':
      return {
        state: 'spooling',
        error: `The firewall of ${account} lets nothing in, so blocks wait in the spool. Let trusted Azure services in.`,
      };
    default:
      return { state: 'error', error: `The account ${account} does not exist. Choose another one.` };
  }
}

function analyticsOf(properties: JsonObject): JsonObject {
  return objectOf(objectOf(properties['flowAnalyticsConfiguration'])[analyticsKey]);
}

const analyticsKey = 'networkWatcherFlowAnalyticsConfiguration';

/**
 * What a PUT takes: the resource before with what the form says. What a form does not show stays.
 * @param workspaceId for Traffic Analytics that is switched on first here; `undefined` if there is none
 */
export function changedFlowLog(
  before: JsonObject | undefined,
  form: Static<typeof flowLogBody>,
  location: string,
  workspaceId: string | undefined,
): JsonObject {
  const { provisioningState: _state, targetResourceGuid: _guid, ...kept } = propertiesOf(before ?? {});
  const enabled = form.enabled ?? kept['enabled'] !== false;
  const days = form.retentionDays ?? Number(objectOf(kept['retentionPolicy'])['days'] ?? 0);
  const version = form.version ?? objectOf(kept['format'])['version'];
  const { tags, identity } = before ?? {};
  return {
    location,
    ...(tags === undefined ? {} : { tags }),
    ...(identity === undefined ? {} : { identity }),
    properties: {
      ...kept,
      targetResourceId: form.target.id,
      storageId: form.account.id,
      enabled,
      retentionPolicy: { days, enabled: days > 0 },
      format: { type: 'JSON', ...(version === undefined ? {} : { version }) },
      flowAnalyticsConfiguration: changedAnalytics(kept, enabled, form.trafficAnalytics, workspaceId),
    },
  };
}

function changedAnalytics(
  kept: JsonObject,
  isEnabled: boolean,
  asked: boolean | undefined,
  workspaceId: string | undefined,
): JsonObject {
  const before = analyticsOf(kept);
  const isOn = isEnabled && (asked ?? before['enabled'] === true);
  if (!isOn && Object.keys(before).length === 0) return {};
  const workspace = before['workspaceResourceId'] ?? workspaceId;
  return {
    [analyticsKey]: {
      trafficAnalyticsInterval: 60,
      ...before,
      enabled: isOn,
      ...(workspace === undefined ? {} : { workspaceResourceId: workspace }),
    },
  };
}

/** The flow log switched off, with Traffic Analytics. */
export function disabledFlowLog(before: JsonObject): JsonObject {
  const { targetResourceId, storageId } = propertiesOf(before);
  const form = {
    name: textOf(before['name']),
    target: { id: textOf(targetResourceId) },
    account: { id: textOf(storageId) },
    enabled: false,
  };
  return changedFlowLog(before, form, textOf(before['location']), undefined);
}

/** Ids are equal in any case. */
export function sameId(left: string, right: string): boolean {
  return resourceKey(left) === resourceKey(right);
}
