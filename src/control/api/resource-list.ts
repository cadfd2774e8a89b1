/** `…/resources` of a subscription or a group: short forms of resources of all types. */
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { ok } from './answer.ts';
import { readFilter } from './filter.ts';
import { registrationType } from '../resources/registration.ts';
import { listPage } from './list.ts';
import type { ArmResponse, Ask } from './request.ts';
import { keptTypeNamed } from '../resources/resource-types.ts';
import type { Resource } from '../resources/resource.ts';
import type { State } from '../resources/state.ts';
import { deploymentType } from '../types/deployment.ts';

/** All resources below `base` that match the `$filter`. @throws InvalidFilterInQueryString */
export function listResources(state: State, ask: Ask, base: string): ArmResponse {
  const matches = readFilter(ask.query.get('$filter'), 'resources');
  const expanded = (ask.query.get('$expand') ?? '').toLowerCase().split(',');
  const below = `${base.toLowerCase()}/`;
  const found = [...state.store.all()]
    .filter(({ type }) => {
      const definition = keptTypeNamed(type);
      return definition?.scope === 'group' && definition.location !== 'none' && !unlisted.has(type);
    })
    .filter(({ id }) => id.toLowerCase().startsWith(below))
    .filter((resource) => matches === undefined || matches({ ...resource, name: fullName(resource) }));
  return ok(
    listPage(ask, found, state.settings.pageSize, (resource) => ({
      ...briefly(resource),
      ...(expanded.includes('provisioningstate') ? { provisioningState: 'Succeeded' } : {}),
    })),
  );
}

const unlisted = new Set([deploymentType, registrationType]);

function briefly(resource: Resource): JsonObject {
  const { id, type, body } = resource;
  const shown: Record<string, Json> = { id, name: fullName(resource), type };
  for (const key of ['location', 'tags', 'kind', 'sku', 'identity'])
    if (body[key] !== undefined) shown[key] = body[key];
  return shown;
}

/** `NetworkWatcher_westeurope/web`: in lists of mixed types, a name includes the parent resources. */
function fullName({ id, type }: Resource): string {
  const parts = id.split('/').slice(-2 * type.split('/').length + 2);
  return parts.filter((_, index) => index % 2 === 1).join('/');
}
