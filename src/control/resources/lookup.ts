/** Finds resources by id, with Azure's errors if there are none. */
import { parentId, resourceName } from '../../arm-template/resource-id.ts';
import type { Json } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import { deploymentType } from '../types/deployment.ts';
import { groupId, groupOf, subscriptionOf } from './resource-path.ts';
import type { ResourceType } from './resource-type.ts';
import { resourceTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';
import { objectOf } from './resource.ts';
import { conform } from './schema.ts';
import type { State } from './state.ts';

export interface Lookup {
  /** @throws SubscriptionNotFound, InvalidSubscriptionId */
  readonly requireSubscription: (id: string) => string;
  /** @throws ResourceGroupNotFound */
  readonly requireGroup: (id: string) => Resource;
  /** @throws ResourceGroupNotFound, ResourceNotFound */
  readonly requireResource: (definition: ResourceType, id: string) => Resource;
  /** A resource that always exists with its parent, with default values. */
  readonly implicitResource: (definition: ResourceType, id: string) => Resource | undefined;
  /** The id in canonical casing. @throws ParentResourceNotFound */
  readonly canonicalId: (definition: ResourceType, id: string) => string;
}

export function createLookup(state: State): Lookup {
  const { store } = state;

  const requireSubscription = (id: string): string => {
    const wanted = subscriptionOf(id);
    const found = state.settings.subscriptions.find(({ id: known }) => known.toLowerCase() === wanted.toLowerCase());
    if (found !== undefined) return found.id;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted))
      throw new ArmError(
        'InvalidSubscriptionId',
        `The provided subscription identifier '${wanted}' is malformed or invalid.`,
      );
    throw new ArmError('SubscriptionNotFound', `The subscription '${wanted}' could not be found.`);
  };

  const requireGroup = (id: string): Resource => {
    const group = store.get(groupId(requireSubscription(id), groupOf(id)));
    if (group !== undefined) return group;
    throw new ArmError('ResourceGroupNotFound', `Resource group '${groupOf(id)}' could not be found.`);
  };

  const requireResource = (definition: ResourceType, id: string): Resource => {
    requireSubscription(id);
    if (definition.scope === 'group') requireGroup(id);
    const resource = store.get(id) ?? implicitResource(definition, id);
    if (resource !== undefined) return resource;
    if (definition.notFound !== undefined) throw definition.notFound(id);
    if (definition.scope === 'subscription')
      throw new ArmError('ResourceGroupNotFound', `Resource group '${resourceName(id)}' could not be found.`);
    throw notFound(definition.type, id);
  };

  /** A resource that always exists with its parent, with default values. */
  const implicitResource = (definition: ResourceType, id: string): Resource | undefined => {
    const { implicitName: name, type } = definition;
    const parent = store.get(parentId(id));
    if (name === undefined || parent === undefined || resourceName(id).toLowerCase() !== name) return undefined;
    const { properties } = objectOf(conform(definition.schema, { properties: {} }, '') as Json);
    return {
      id: `${parent.id}/${type.slice(type.lastIndexOf('/') + 1)}/${name}`,
      type,
      name,
      etag: parent.etag,
      body: { properties },
      hidden: {},
    };
  };

  /** The id in canonical casing. */
  const canonicalId = (definition: ResourceType, id: string): string => {
    const name = resourceName(id);
    if (definition.scope === 'subscription') return groupId(requireSubscription(id), name);
    const group = requireGroup(id);
    if (definition.isInert === true) return `${group.id}${id.replace(/^(\/[^/]+){4}/, '')}`;
    const parts = definition.type.split('/');
    const word = parts[parts.length - 1];
    if (parts.length === 2) return `${group.id}/providers/${parts[0]}/${word}/${name}`;
    const parentType = resourceTypeNamed(parts.slice(0, -1).join('/'));
    const above = parentId(id);
    const parent = store.get(above) ?? (parentType === undefined ? undefined : implicitResource(parentType, above));
    if (parent !== undefined) return `${parent.id}/${word}/${name}`;
    throw new ArmError(
      'ParentResourceNotFound',
      `Failed to perform 'write' on resource(s) of type '${parts.slice(1).join('/')}', because the parent resource '${parentId(id)}' could not be found.`,
    );
  };

  return { requireSubscription, requireGroup, requireResource, implicitResource, canonicalId };
}

/** The error for a missing resource. */
function notFound(type: string, id: string): ArmError {
  if (type === deploymentType)
    return new ArmError('DeploymentNotFound', `Deployment '${resourceName(id)}' could not be found.`);
  return new ArmError(
    'ResourceNotFound',
    `The Resource '${type}/${resourceName(id)}' under resource group '${groupOf(id)}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}
