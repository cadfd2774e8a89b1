/**
 * Tenants, subscriptions, their locations and their resource providers.
 */
import { randomUUID } from 'node:crypto';
import type { Json } from '../../arm-template/value.ts';
import { ok } from './answer.ts';
import { checkApiVersionOf } from './api-versions.ts';
import { ArmError } from '../arm-error.ts';
import { listServiceTags } from '../diagnostics/list-service-tags.ts';
import { providerBody } from '../provider.ts';
import { namespaceNamed, namespaces, registration } from '../resources/registration.ts';
import type { ArmResponse, Ask } from './request.ts';
import { locationOf } from '../resources/resource-path.ts';
import { textOf } from '../resources/resource.ts';
import type { Subscription } from '../settings.ts';
import type { State } from '../resources/state.ts';
import { accountName, accountNamed, storageSkus } from '../types/storage-account.ts';

const subscriptionType = 'Microsoft.Resources/subscriptions';

export function answerTenants(state: State, ask: Ask): ArmResponse {
  requireGet(ask);
  checkApiVersionOf(subscriptionType, ask.apiVersion);
  const { tenantId } = state.settings;
  return ok({
    value: [
      {
        id: `/tenants/${tenantId}`,
        tenantId,
        displayName: 'nsgflow',
        defaultDomain: 'nsgflow.local',
        tenantCategory: 'Home',
      },
    ],
  });
}

export function listSubscriptions(state: State, ask: Ask): ArmResponse {
  requireGet(ask);
  checkApiVersionOf(subscriptionType, ask.apiVersion);
  return ok({
    value: state.settings.subscriptions.map((subscription) => subscriptionBody(state, subscription)),
    count: { type: 'Total', value: state.settings.subscriptions.length },
  });
}

function subscriptionBody(state: State, { id, name }: Subscription): Json {
  return {
    id: `/subscriptions/${id}`,
    subscriptionId: id,
    tenantId: state.settings.tenantId,
    displayName: name,
    state: 'Enabled',
    authorizationSource: 'RoleBased',
    subscriptionPolicies: { locationPlacementId: 'Public_2014-09-01', quotaId: 'nsgflow', spendingLimit: 'Off' },
  };
}

/** Requests below `/subscriptions/{id}` that are not for resources. `segments` begin after the id. */
export async function answerSubscription(
  state: State,
  ask: Ask,
  subscription: string,
  segments: readonly string[],
): Promise<ArmResponse> {
  const [first = '', second, third = '', fourth = '', fifth = ''] = segments.map((segment) => segment.toLowerCase());
  const known = state.settings.subscriptions.find(({ id }) => id === subscription);
  const isOfProvider = first === 'providers' && !['', 'register', 'unregister'].includes(third);
  checkApiVersionOf(isOfProvider ? `${second}/${third}` : subscriptionType, ask.apiVersion, fourth);
  if (segments.length === 0 && known !== undefined) {
    requireGet(ask);
    return ok(subscriptionBody(state, known));
  }
  if (first === 'locations' && segments.length === 1) {
    requireGet(ask);
    return ok({ value: locations(state, subscription) });
  }
  if (first !== 'providers')
    throw new ArmError('NotFound', `There is nothing at '/${ask.segments.join('/').slice(0, 200)}'.`);
  const view = state.view(ask.origin);
  if (second === undefined) {
    requireGet(ask);
    return ok({ value: namespaces.map((namespace) => providerBody(view, subscription, namespace)) });
  }
  const namespace = namespaceNamed(second);
  if (third === '') {
    requireGet(ask);
    return ok(providerBody(view, subscription, namespace));
  }
  if (third === 'register' || third === 'unregister') {
    if (ask.method !== 'POST') throw new ArmError('MethodNotAllowed', 'Registration is a POST.');
    const changed = registration(subscription, namespace, third === 'register', randomUUID());
    await state.exclusive(() => state.save(changed));
    return ok(providerBody(state.view(ask.origin), subscription, namespace));
  }
  if (third === 'locations' && fifth === 'servicetags' && namespace === 'Microsoft.Network') {
    requireGet(ask);
    return ok(listServiceTags(view, subscription, locationOf(fourth)));
  }
  if (third === 'skus' && namespace === 'Microsoft.Storage') {
    requireGet(ask);
    return ok({ value: storageSkus(locations(state, subscription).map(({ name }) => name)) });
  }
  if (third === 'checknameavailability' && namespace === 'Microsoft.Storage') return checkName(state, ask);
  throw new ArmError(
    'InvalidResourceType',
    `The resource type '${third.slice(0, 100)}' could not be found in the namespace '${namespace}'.`,
  );
}

function checkName(state: State, ask: Ask): ArmResponse {
  if (ask.method !== 'POST') throw new ArmError('MethodNotAllowed', 'A name is checked with a POST.');
  const name = textOf(ask.body()['name']);
  if (!accountName.pattern.test(name))
    return ok({
      nameAvailable: false,
      reason: 'AccountNameInvalid',
      message: `${name.slice(0, 100)} is not a valid storage account name. Storage account name ${accountName.rule}`,
    });
  if (accountNamed(state.view(), name) !== undefined)
    return ok({
      nameAvailable: false,
      reason: 'AlreadyExists',
      message: `The storage account named ${name} is already taken.`,
    });
  return ok({ nameAvailable: true });
}

/** Some of Azure's regions, and those in use here. Any well-formed region is accepted. */
function locations(state: State, subscription: string): { readonly [name: string]: Json; readonly name: string }[] {
  const names = new Map(regions.map(([name, shown]) => [name, shown]));
  for (const { body } of state.store.all()) {
    const location = textOf(body['location']);
    if (location !== '' && !names.has(location)) names.set(location, location);
  }
  return [...names].map(([name, displayName]) => ({
    id: `/subscriptions/${subscription}/locations/${name}`,
    name,
    displayName,
    regionalDisplayName: displayName,
    type: 'Region',
    metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
  }));
}

const regions: readonly (readonly [string, string])[] = [
  ['local', 'Local'],
  ['eastus', 'East US'],
  ['eastus2', 'East US 2'],
  ['westus', 'West US'],
  ['westus2', 'West US 2'],
  ['centralus', 'Central US'],
  ['northeurope', 'North Europe'],
  ['westeurope', 'West Europe'],
  ['uksouth', 'UK South'],
  ['germanywestcentral', 'Germany West Central'],
  ['southeastasia', 'Southeast Asia'],
];

function requireGet(ask: Ask): void {
  if (ask.method !== 'GET')
    throw new ArmError('MethodNotAllowed', `The method ${ask.method.slice(0, 20)} is not allowed here; GET is.`);
}
