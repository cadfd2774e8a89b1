/** Resource providers as GET returns them. */
import type { JsonObject } from '../arm-template/value.ts';
import { apiVersionsOf } from './api/api-versions.ts';
import { isRegistered, registrationId } from './resources/registration.ts';
import type { View } from './resources/resource-type.ts';
import { apiTypes } from './resources/resource-types.ts';

/**
 * A provider as GET returns it. az reads its API versions, one of which must not be a preview. Source: control-plane
 * facts 1.5.
 */
export function providerBody(view: View, subscription: string, namespace: string): JsonObject {
  const apiVersions = [...apiVersionsOf(namespace)];
  const defaultApiVersion = apiVersions.find((version) => !version.includes('preview')) ?? '';
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
        apiVersions,
        defaultApiVersion,
        capabilities: 'None',
      })),
  };
}
