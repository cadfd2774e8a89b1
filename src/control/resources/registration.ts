/**
 * Registration of resource providers. A provider is registered until it is unregistered; only differences are stored.
 */
import { ArmError } from '../arm-error.ts';
import type { View } from './resource-type.ts';
import type { Resource } from './resource.ts';
import { propertiesOf } from './resource.ts';

/** In list order. */
export const namespaces = [
  'Microsoft.Network',
  'Microsoft.Storage',
  'Microsoft.Insights',
  'Microsoft.Compute',
  'Microsoft.Resources',
  'Microsoft.OperationalInsights',
] as const;

export const registrationType = 'Microsoft.Resources/providers';

/** The namespace in canonical casing. @throws InvalidResourceNamespace */
export function namespaceNamed(text: string): string {
  const found = namespaces.find((namespace) => namespace.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new ArmError('InvalidResourceNamespace', `The resource namespace '${text}' is invalid.`);
}

export function isRegistered(view: View, subscription: string, namespace: string): boolean {
  const kept = view.get(registrationId(subscription, namespace));
  return kept === undefined || propertiesOf(kept.body)['registrationState'] === 'Registered';
}

/** @throws MissingSubscriptionRegistration */
export function requireRegistered(view: View, subscription: string, namespace: string): void {
  if (isRegistered(view, subscription, namespace)) return;
  throw new ArmError(
    'MissingSubscriptionRegistration',
    `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions: az provider register --namespace ${namespace}.`,
    { target: namespace },
  );
}

/** The stored form of a changed registration. */
export function registration(subscription: string, namespace: string, registered: boolean, etag: string): Resource {
  return {
    id: registrationId(subscription, namespace),
    type: registrationType,
    name: namespace,
    etag,
    body: { properties: { registrationState: registered ? 'Registered' : 'NotRegistered' } },
    hidden: {},
  };
}

/** `/subscriptions/{id}/providers/Microsoft.Network` */
export function registrationId(subscription: string, namespace: string): string {
  return `/subscriptions/${subscription}/providers/${namespace}`;
}
