/** The state that the recorder needs, as plain values: which flow logs exist, and where they deliver. */
import type { JsonObject } from '../../arm-template/value.ts';
import type { View } from './resource-type.ts';
import type { Resource } from './resource.ts';
import { objectOf, propertiesOf, textOf } from './resource.ts';
import type { State } from './state.ts';
import type { DeliveryStop, TargetKind } from '../types/flow-log.ts';
import { deliveryOf, flowLogType, targetKind } from '../types/flow-log.ts';
import type { Firewall } from '../types/storage-account.ts';
import { accountKey } from '../types/account-keys.ts';
import { firewallOf, storageAccountType } from '../types/storage-account.ts';

export interface ControlSnapshot {
  /** Grows with each change. */
  readonly revision: number;
  readonly flowLogs: readonly FlowLogState[];
  readonly storageAccounts: readonly StorageAccountState[];
  /** NSGs, VNets, NICs and application security groups as GET returns them. */
  readonly resources: readonly JsonObject[];
}

export interface FlowLogState {
  readonly id: string;
  /** GUID of the flow log itself, as in records of VNet flow logs. */
  readonly guid: string;
  readonly targetId: string;
  readonly targetKind: TargetKind;
  readonly format: 'nsg1' | 'nsg2' | 'vnet';
  readonly enabled: boolean;
  /** Id of the account. */
  readonly storageId: string;
  /** Name of the account. */
  readonly storage: string;
  /** 0 keeps forever. */
  readonly retentionDays: number;
  readonly enabledFilteringCriteria: string | undefined;
  readonly recordTypes: string | undefined;
  /** Whether recorded data reaches the account. */
  readonly delivery: 'ok' | { readonly stopped: DeliveryStop };
  /** When it was last enabled; 0 if never. */
  readonly enabledAtMillis: number;
}

export interface StorageAccountState {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly kind: string;
  readonly sku: string;
  /** Base64. */
  readonly keys: { readonly key1: string; readonly key2: string };
  readonly firewall: Firewall;
}

export function takeSnapshot(state: State): ControlSnapshot {
  const view = state.view();
  return {
    revision: state.revision,
    flowLogs: flowLogStates(view),
    storageAccounts: accountStates(view),
    resources: state.networkResources(),
  };
}

/** In an order of their own, so that the same resources are the same list. */
export function inventoryResources({ store }: State): JsonObject[] {
  return [...store.all()]
    .filter(({ type }) => /^microsoft\.(?:network|compute)\//i.test(type))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, type, name, body }) => ({ id, type, name, ...body }));
}

function flowLogStates(view: View): FlowLogState[] {
  return [...view.ofType(flowLogType)].flatMap((resource) => flowLogState(resource, view) ?? []);
}

/** One flow log; `undefined` if its target does not exist. */
export function flowLogState(resource: Resource, view: View): FlowLogState | undefined {
  const properties = propertiesOf(resource.body);
  const targetId = textOf(properties['targetResourceId']);
  const kind = targetKind(view, targetId);
  if (kind === undefined) return undefined;
  const storageId = textOf(properties['storageId']);
  const { days, enabled: isRetained } = objectOf(properties['retentionPolicy']);
  const version = objectOf(properties['format'])['version'];
  const { guid, enabledAtMillis } = resource.hidden;
  return {
    id: resource.id,
    guid: textOf(guid),
    targetId,
    targetKind: kind,
    format: kind !== 'nsg' ? 'vnet' : version === 2 ? 'nsg2' : 'nsg1',
    enabled: properties['enabled'] === true,
    storageId,
    storage: storageId.slice(storageId.lastIndexOf('/') + 1),
    retentionDays: isRetained === true && typeof days === 'number' ? days : 0,
    enabledFilteringCriteria: textOf(properties['enabledFilteringCriteria']) || undefined,
    recordTypes: textOf(properties['recordTypes']) || undefined,
    delivery: deliveryOf(resource, view),
    enabledAtMillis: typeof enabledAtMillis === 'number' ? enabledAtMillis : 0,
  };
}

function accountStates(view: View): StorageAccountState[] {
  return [...view.ofType(storageAccountType)].map((account) => ({
    id: account.id,
    name: account.name,
    location: textOf(account.body['location']),
    kind: textOf(account.body['kind']),
    sku: textOf(objectOf(account.body['sku'])['name']),
    keys: { key1: accountKey(account, 'key1').value, key2: accountKey(account, 'key2').value },
    firewall: firewallOf(account),
  }));
}
