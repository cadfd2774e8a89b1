/**
 * Flow logs: their target and their account. The id and the type have a capital `FlowLogs`, although clients request
 * `flowLogs`. Source: facts 5.2, 5.4, 9.
 *
 * Whether a flow log delivers depends on its account: the key that it was enabled with must still be key1, and a
 * firewall must allow Azure's services.
 */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { parseFilteringCriteria, parseRecordTypes } from '../../flowlog/filtering-criteria.ts';
import { guidOf } from '../../nsg/network.ts';
import { ArmError } from '../arm-error.ts';
import { isRegistered } from '../resources/registration.ts';
import { subscriptionOf } from '../resources/resource-path.ts';
import type { ActionCall, WriteContext, View } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { objectOf, propertiesOf, textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { notReferenced, requireReference } from './reference.ts';
import { accountKey } from './account-keys.ts';
import { firewallOf, isClosed, storageAccountType } from './storage-account.ts';

export const flowLogType = 'Microsoft.Network/networkWatchers/FlowLogs';

const readOnlyText = Type.Optional(Type.String({ readOnly: true }));
const criteriaCharsMax = 1000;
const retentionDaysMax = 365;

export const retentionSchema = Type.Object(
  { days: Type.Integer({ default: 0 }), enabled: Type.Boolean({ default: false }) },
  { default: {} },
);
export const formatSchema = Type.Object(
  { type: words(['JSON'], { default: 'JSON' }), version: Type.Integer({ default: 0 }) },
  { default: {} },
);
export const analyticsSchema = Type.Object(
  {
    networkWatcherFlowAnalyticsConfiguration: Type.Optional(
      Type.Object({
        enabled: Type.Boolean({ default: false }),
        workspaceId: Type.Optional(Type.String()),
        workspaceRegion: Type.Optional(Type.String()),
        workspaceResourceId: Type.Optional(Type.String()),
        trafficAnalyticsInterval: Type.Integer({ default: 60 }),
      }),
    ),
  },
  { default: {} },
);

const schema = resourceSchema(
  Type.Object({
    targetResourceId: Type.String(),
    targetResourceGuid: readOnlyText,
    storageId: Type.String(),
    enabled: Type.Boolean({ default: true }),
    retentionPolicy: retentionSchema,
    format: formatSchema,
    flowAnalyticsConfiguration: analyticsSchema,
    enabledFilteringCriteria: Type.Optional(Type.String()),
    recordTypes: Type.Optional(Type.String()),
  }),
);

type FlowLogProperties = Static<typeof schema>['properties'];

export const flowLog = defineType({
  type: flowLogType,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema,
  deleteStatus: 204,
  changes: 'recording',
  actions: [{ name: 'diagnose', schema: Type.Object({}), run: diagnose }],
  complete({ properties }, context) {
    if (!isRegistered(context.view, subscriptionOf(context.id), 'Microsoft.Insights'))
      throw new ArmError(
        'AuthorizationFailed',
        `The client does not have authorization to perform action 'Microsoft.Network/networkWatchers/flowLogs/write' over scope '${context.id}': the resource provider Microsoft.Insights is not registered in the subscription. Register it: az provider register --namespace Microsoft.Insights.`,
      );
    checkPlace(context);
    const target = checkTarget(properties.targetResourceId, context);
    const account = requireReference(context.view, properties.storageId, storageAccountType, context.id);
    checkAccount(account, context);
    checkRetention(properties, account);
    checkFilter(properties);
    checkAnalytics(properties, context.view, context.id);
    const { version } = properties.format;
    if (version !== 0 && version !== 1 && version !== 2)
      throw new ArmError('FlowLogVersionInvalid', `The format version ${version} of a flow log is neither 1 nor 2.`, {
        target: 'properties.format.version',
      });
    return {
      properties: {
        ...properties,
        targetResourceId: target.id,
        targetResourceGuid: target.guid,
        storageId: account.id,
        format: { type: 'JSON', version: version === 0 ? 1 : version },
      },
      hidden: enablingOf(properties, account, context),
    };
  },
  links: ({ id, body }) => {
    const { targetResourceId, storageId } = propertiesOf(body);
    return [
      { from: id, holder: id, to: textOf(targetResourceId), what: 'flowLogTarget' },
      { from: id, holder: id, to: textOf(storageId), what: 'flowLogStorage' },
    ];
  },
});

function checkPlace({ id, location, view }: WriteContext): void {
  const watcher = view.get(parentId(id));
  const region = textOf(watcher?.body['location']);
  if (watcher !== undefined && region !== location)
    throw new ArmError(
      'FlowLogTargetLocationMismatch',
      `The flow log is in ${location}, and its network watcher ${watcher.name} is in ${region}: both must be in the same region.`,
      { target: 'location' },
    );
}

const targetKinds: Readonly<Record<string, TargetKind>> = {
  'microsoft.network/networksecuritygroups': 'nsg',
  'microsoft.network/virtualnetworks': 'virtualNetwork',
  'microsoft.network/networkinterfaces': 'nic',
};

export type TargetKind = 'nsg' | 'virtualNetwork' | 'subnet' | 'nic';

/** The possible targets of a flow log; `undefined` for other resources. */
export function targetKind(view: View, id: string): TargetKind | undefined {
  const resource = view.get(id);
  if (resource !== undefined) return targetKinds[resource.type.toLowerCase()];
  return /\/virtualnetworks\/[^/]+\/subnets\/[^/]+$/i.test(id) && view.exists(id) ? 'subnet' : undefined;
}

function checkTarget(id: string, context: WriteContext): { id: string; guid: string } {
  const { view, location } = context;
  if (!view.exists(id)) throw notReferenced(id, context.id, 'properties.targetResourceId');
  const kind = targetKind(view, id);
  if (kind === undefined)
    throw new ArmError(
      'FlowLogTargetNotSupported',
      `${id} is not a network security group, virtual network, subnet or network interface.`,
      { target: 'properties.targetResourceId' },
    );
  const holder = view.get(id) ?? view.get(parentId(id));
  const region = textOf(holder?.body['location']);
  if (region !== location)
    throw new ArmError(
      'FlowLogTargetLocationMismatch',
      `The target ${resourceName(id)} is in ${region}, and the flow log is in ${location}: both must be in the same region.`,
      { target: 'properties.targetResourceId' },
    );
  if (subscriptionOf(id).toLowerCase() !== subscriptionOf(context.id).toLowerCase())
    throw new ArmError(
      'FlowLogTargetNotSupported',
      `A flow log lies in the subscription of its target, which is ${subscriptionOf(id)}.`,
      {
        target: 'properties.targetResourceId',
      },
    );
  const other = view
    .linksTo(id)
    .find(
      ({ what, holder: flowLogId }) => what === 'flowLogTarget' && resourceKey(flowLogId) !== resourceKey(context.id),
    );
  if (other !== undefined)
    throw new ArmError(
      'FlowLogTargetInUse',
      `The target ${resourceName(id)} has the flow log ${other.holder}; a resource has one at most.`,
      {
        target: 'properties.targetResourceId',
      },
    );
  const canonical = view.canonicalId(id) ?? id;
  const guid = textOf(propertiesOf(view.get(id)?.body ?? {})['resourceGuid']) || guidOf(canonical);
  return { id: canonical, guid };
}

function checkAccount(account: Resource, { location }: WriteContext): void {
  const region = textOf(account.body['location']);
  const target = 'properties.storageId';
  if (region !== location)
    throw new ArmError(
      'FlowLogStorageLocationMismatch',
      `The storage account ${account.name} is in ${region}, and the flow log's target is in ${location}: both must be in the same region.`,
      { target },
    );
  const kind = textOf(account.body['kind']);
  const sku = textOf(objectOf(account.body['sku'])['name']);
  if (kind === 'BlockBlobStorage' || kind === 'FileStorage' || sku.startsWith('Premium'))
    throw new ArmError(
      'FlowLogStorageKindNotSupported',
      `The storage account ${account.name} is ${kind} with ${sku}; flow logs go to standard accounts of general purpose v2.`,
      { target },
    );
}

function checkRetention({ retentionPolicy }: FlowLogProperties, account: Resource): void {
  const { days, enabled } = retentionPolicy;
  const target = 'properties.retentionPolicy.days';
  if (days < 0 || days > retentionDaysMax)
    throw new ArmError(
      'FlowLogRetentionInvalid',
      `The retention of ${days} days lies outside 0 to ${retentionDaysMax}; 0 keeps forever.`,
      {
        target,
      },
    );
  const kind = textOf(account.body['kind']);
  if (enabled && days > 0 && kind !== 'StorageV2')
    throw new ArmError(
      'FlowLogRetentionNotSupported',
      `Retention is available on accounts of general purpose v2 alone, and ${account.name} is ${kind}: set days to 0, or upgrade the account to StorageV2.`,
      { target },
    );
}

function checkFilter({ enabledFilteringCriteria = '', recordTypes = '' }: FlowLogProperties): void {
  if (enabledFilteringCriteria.length > criteriaCharsMax)
    throw new ArmError(
      'FlowLogCriteriaInvalid',
      `The filtering criteria have ${enabledFilteringCriteria.length} characters; at most ${criteriaCharsMax} are permitted.`,
      { target: 'properties.enabledFilteringCriteria' },
    );
  checkReadable('enabledFilteringCriteria', () => parseFilteringCriteria(enabledFilteringCriteria));
  checkReadable('recordTypes', () => parseRecordTypes(recordTypes));
}

function checkReadable(field: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    throw new ArmError('FlowLogCriteriaInvalid', `The ${field} cannot be read: ${error.message}.`, {
      target: `properties.${field}`,
    });
  }
}

function checkAnalytics({ enabled, flowAnalyticsConfiguration }: FlowLogProperties, view: View, id: string): void {
  const analytics = flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration;
  if (analytics === undefined) return;
  const target = 'properties.flowAnalyticsConfiguration';
  if (analytics.trafficAnalyticsInterval !== 10 && analytics.trafficAnalyticsInterval !== 60)
    throw new ArmError(
      'InvalidRequestContent',
      `The trafficAnalyticsInterval is ${analytics.trafficAnalyticsInterval}, not 10 or 60.`,
      {
        target,
      },
    );
  if (!analytics.enabled) return;
  if (!enabled)
    throw new ArmError(
      'FlowLogAnalyticsEnabled',
      'Traffic analytics must be disabled before, or together with, the flow log.',
      {
        target,
      },
    );
  if (analytics.workspaceResourceId === undefined)
    throw new ArmError('InvalidRequestContent', 'Traffic analytics wants a workspaceResourceId.', { target });
  const workspace = requireReference(
    view,
    analytics.workspaceResourceId,
    'Microsoft.OperationalInsights/workspaces',
    id,
  );
  const region = textOf(workspace.body['location']);
  const said = analytics.workspaceRegion?.toLowerCase().replaceAll(' ', '') ?? region;
  if (said !== region)
    throw new ArmError(
      'InvalidTAWorkspaceRegion',
      `The specified region ${analytics.workspaceRegion} for workspace is invalid. Workspace ${workspace.id} located in ${region} region.`,
      { target },
    );
}

/** State at the moment when the flow log was enabled: it delivers with that key. */
function enablingOf(
  { enabled, storageId }: FlowLogProperties,
  account: Resource,
  { previous, view }: WriteContext,
): JsonObject {
  const before = propertiesOf(previous?.body ?? {});
  const hidden = previous?.hidden ?? { guid: randomUUID() };
  const goesOn = before['enabled'] === true && resourceKey(textOf(before['storageId'])) === resourceKey(storageId);
  if (!enabled || goesOn) return hidden;
  return { ...hidden, keyId: accountKey(account, 'key1').id, enabledAtMillis: view.settings.now() };
}

/** nsgflow's own action, not Azure's: used by `nsgflow doctor`. */
function diagnose({ resource, view }: ActionCall): Json {
  const { enabledAtMillis } = resource.hidden;
  return {
    delivery: deliveryOf(resource, view),
    keyIsCurrent: isKeyCurrent(resource, view),
    enabledAtMillis: typeof enabledAtMillis === 'number' ? enabledAtMillis : 0,
  };
}

export type DeliveryStop = 'key-rotated' | 'firewall' | 'storage-account-missing';

/** Whether recorded data of a flow log reaches its account. */
export function deliveryOf(resource: Resource, view: View): 'ok' | { readonly stopped: DeliveryStop } {
  const account = view.get(textOf(propertiesOf(resource.body)['storageId']));
  if (account === undefined) return { stopped: 'storage-account-missing' };
  if (isClosed(firewallOf(account))) return { stopped: 'firewall' };
  return isKeyCurrent(resource, view) ? 'ok' : { stopped: 'key-rotated' };
}

/** Whether key1 is the key that the flow log was enabled with, if that setting is on. */
function isKeyCurrent(resource: Resource, view: View): boolean {
  const account = view.get(textOf(propertiesOf(resource.body)['storageId']));
  if (account === undefined || !view.settings.keyRotationStops) return true;
  const keyId = textOf(resource.hidden['keyId']);
  return keyId === '' || keyId === accountKey(account, 'key1').id;
}
