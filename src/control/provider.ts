/**
 * Resource providers as GET shows them.
 */
import type { JsonObject } from '../arm-template/value.ts';
import { isRegistered, registrationId } from './registration.ts';
import type { View } from './resource-type.ts';
import { apiTypes } from './resource-types.ts';

/** A provider as GET shows it. az asks its API versions, of which one must be no preview. Source: control-plane facts 1.5. */
export function presentProvider(view: View, subscription: string, namespace: string): JsonObject {
  return {
    id: registrationId(subscription, namespace),
    namespace,
    registrationPolicy: 'RegistrationRequired',
    registrationState: isRegistered(view, subscription, namespace) ? 'Registered' : 'NotRegistered',
    resourceTypes: apiTypes
      .filter((type) => type.startsWith(`${namespace}/`))
      .map((type) => ({
        resourceType: type.slice(namespace.length + 1),
        locations: [],
        apiVersions: apiVersionsShown,
        defaultApiVersion: apiVersionsShown[0],
        capabilities: 'None',
      })),
  };
}

/** Any well-formed version is taken; these are the ones named. */
const apiVersionsShown = ['2025-05-01', '2025-03-01', '2024-05-01', '2022-07-01', '2021-04-01', '2019-11-01'];
