/**
 * Operations on resources of all types: PUT, PATCH, DELETE, with Azure's checks in Azure's order. The types define the
 * differences.
 */
import { randomUUID } from 'node:crypto';
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { limits } from '../../base/limits.ts';
import { isRelatedType } from '../../nsg/raw-resource.ts';
import { ArmError } from '../arm-error.ts';
import { childElements } from './response-body.ts';
import { requireRegistered } from './registration.ts';
import { createLookup } from './lookup.ts';
import { removalOrder } from './removal-order.ts';
import type { Changes, ChildType, WriteContext, ResourceType } from './resource-type.ts';
import { resourceTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';
import { objectOf, propertiesOf, textOf } from './resource.ts';
import { conform } from './schema.ts';
import type { Conditions } from './write-checks.ts';
import {
  checkConditions,
  checkName,
  checkPartUnused,
  checkUnused,
  droppedParts,
  partsOf,
  readLocation,
} from './write-checks.ts';
import type { State } from './state.ts';
import { findChild } from './state.ts';
import { flowLogType } from '../types/flow-log.ts';
import { missingWatcher } from '../types/network-watcher.ts';
import { notReferenced } from '../types/reference.ts';

export interface Put {
  readonly resource: Resource;
  readonly created: boolean;
}

export interface Engine {
  put(definition: ResourceType, id: string, body: JsonObject, conditions?: Conditions): Promise<Put>;
  patch(definition: ResourceType, id: string, body: JsonObject, conditions?: Conditions): Promise<Put>;
  /** @returns false if the resource does not exist */
  remove(definition: ResourceType, id: string, conditions?: Conditions): Promise<boolean>;
  putChild(
    definition: ResourceType,
    child: ChildType,
    id: string,
    body: JsonObject,
    conditions?: Conditions,
  ): Promise<Put>;
  removeChild(definition: ResourceType, child: ChildType, id: string, conditions?: Conditions): Promise<boolean>;
  readonly changes: Changes;
  /**
   * The resource with an id.
   * @throws ResourceGroupNotFound, ResourceNotFound
   */
  require(definition: ResourceType, id: string): Resource;
  /**
   * A resource that always exists with its parent, even if it was never set; `undefined` for other types, and without
   * the parent.
   */
  implicit(definition: ResourceType, id: string): Resource | undefined;
  /** @throws SubscriptionNotFound, InvalidSubscriptionId */
  requireSubscription(id: string): string;
  /** @throws ResourceGroupNotFound */
  requireGroup(id: string): Resource;
}

export function createEngine(state: State): Engine {
  const { store } = state;

  const { requireSubscription, requireGroup, requireResource, implicitResource, canonicalId } = createLookup(state);

  const write = async (definition: ResourceType, id: string, body: JsonObject, isPreview = false): Promise<Put> => {
    const previous = store.get(id);
    const own = previous?.id ?? canonicalId(definition, id);
    const name = previous?.name ?? resourceName(own);
    checkName(definition.name, name);
    const subscription = requireSubscription(id);
    requireRegistered(state.view(), subscription, definition.type.split('/')[0]);
    if (previous === undefined && store.count >= limits.armResourcesMax)
      throw new ArmError('ResourceLimitReached', `There are ${limits.armResourcesMax} resources; no more are kept.`);
    const conformed = objectOf(conform(definition.schema, { properties: {}, ...body }, '') as Json);
    const location = readLocation(definition, conformed, previous, name);
    const context: WriteContext = { id: own, name, location, previous, view: state.view() };
    const completed = definition.complete(conformed, context);
    const { id: _id, name: _name, type: _type, etag: _etag, properties: _properties, ...top } = conformed;
    const resource: Resource = {
      id: own,
      type: definition.type,
      name,
      etag: randomUUID(),
      body: {
        ...top,
        ...(definition.location === 'none' || location === '' ? {} : { location }),
        ...completed.top,
        properties: withoutState(completed.properties),
      },
      hidden: completed.hidden ?? previous?.hidden ?? {},
    };
    for (const { to } of definition.links?.(resource) ?? []) if (!state.view().exists(to)) throw notReferenced(to, own);
    const dropped = previous === undefined ? [] : droppedParts(previous, resource);
    for (const { id: part, child } of dropped) checkPartUnused(state.view(), part, child, '');
    if (isPreview) return { resource, created: previous === undefined };
    if (previous === undefined) await definition.outside?.make(context);
    await makeWatcher(definition, subscription, location);
    await state.save(resource);
    // A change that fails removes no flow log. Remains of a killed process are removed by the next change.
    if (previous !== undefined && definition.children !== undefined) await removeFlowLogs(lostTargets(resource));
    return { resource, created: previous === undefined };
  };

  /** A flow log is removed with its target; its blobs stay. */
  const removeFlowLogs = async (targets: readonly string[]): Promise<void> => {
    for (const target of targets)
      for (const link of state.view().linksTo(target)) {
        const holder = link.what === 'flowLogTarget' ? store.get(link.holder) : undefined;
        if (holder !== undefined) await state.remove(holder);
      }
  };

  /** Targets of flow logs below a resource that do not exist. */
  const lostTargets = ({ id }: Resource): string[] =>
    [...store.ofType(flowLogType)]
      .map(({ body }) => textOf(propertiesOf(body)['targetResourceId']))
      .filter((target) => resourceKey(parentId(target)) === resourceKey(id) && !state.view().exists(target));

  /** All resources in a group, or below another resource, which is last. */
  const membersOf = (resource: Resource): Resource[] => {
    const prefix = `${resourceKey(resource.id)}/`;
    return [...[...store.all()].filter(({ id }) => resourceKey(id).startsWith(prefix)), resource];
  };

  /** Creates the network watcher with the first network resource of a region, as Azure does. */
  const makeWatcher = async (definition: ResourceType, subscription: string, location: string): Promise<void> => {
    if (definition.changes !== 'network' || isRelatedType(definition.type)) return;
    const missing = missingWatcher(state.view(), subscription, location);
    for (const { type, id, body } of missing) {
      const watcher = resourceTypeNamed(type);
      if (watcher !== undefined) await write(watcher, id, body);
    }
  };

  const putElement = async (
    definition: ResourceType,
    child: ChildType,
    id: string,
    make: (elements: JsonObject[], parent: Resource) => JsonObject[],
    isPreview = false,
  ): Promise<Resource> => {
    const parent = store.get(parentId(id));
    if (parent === undefined) throw missingParent(definition, child, id);
    const list = make([...childElements(child, parent)], parent);
    const body = { ...parent.body, properties: { ...propertiesOf(parent.body), [child.list]: list } };
    return (await write(definition, parent.id, body, isPreview)).resource;
  };

  return {
    requireSubscription,
    requireGroup,
    require: requireResource,
    implicit: implicitResource,

    async put(definition, id, body, conditions = {}) {
      requireSubscription(id);
      if (definition.scope === 'group') requireGroup(id);
      checkConditions(store.get(id), conditions);
      return write(definition, id, body, conditions.isPreview);
    },

    async patch(definition, id, body, conditions = {}) {
      const previous = requireResource(definition, id);
      checkConditions(previous, conditions);
      const others = Object.keys(body).filter((key) => !['tags', 'id', 'name', 'type'].includes(key.toLowerCase()));
      if (others.length > 0 && definition.patch !== 'merge')
        throw new ArmError(
          'InvalidRequestContent',
          `PATCH changes the tags of a ${definition.type} alone, not '${others[0].slice(0, 80)}'. Use PUT.`,
          { target: others[0].slice(0, 80) },
        );
      if (definition.patch === 'merge') return write(definition, previous.id, merge(previous.body, body));
      const tags = conform(definition.schema, { ...previous.body, ...body }, '') as JsonObject;
      const resource = {
        ...previous,
        etag: randomUUID(),
        body: { ...previous.body, tags: objectOf(tags['tags']) },
      };
      await state.save(resource);
      return { resource, created: false };
    },

    async remove(definition, id, conditions = {}) {
      requireSubscription(id);
      if (definition.scope === 'group') requireGroup(id);
      const resource = store.get(id);
      if (resource === undefined) return false;
      checkConditions(resource, conditions);
      const gone = removalOrder(membersOf(resource));
      for (const member of gone) checkUnused(state.view(), member, gone.length > 1 ? resource.id : '');
      await definition.outside?.remove({ id: resource.id, view: state.view() });
      for (const member of gone) {
        await removeFlowLogs(partsOf(member));
        if (store.get(member.id) !== undefined) await state.remove(member);
      }
      return true;
    },

    async putChild(definition, child, id, body, conditions = {}) {
      requireGroup(id);
      const known = findChild(store, id);
      checkConditions(known?.parent, known === undefined ? { ifMatch: conditions.ifMatch } : conditions);
      const name = known === undefined ? resourceName(id) : textOf(known.element['name']);
      checkName(child.name, name);
      const element = { ...body, name };
      const resource = await putElement(
        definition,
        child,
        id,
        (elements) => {
          const at = elements.findIndex((other) => sameName(other, name));
          return at < 0 ? [...elements, element] : elements.with(at, element);
        },
        conditions.isPreview,
      );
      return { resource, created: known === undefined };
    },

    async removeChild(definition, child, id, conditions = {}) {
      requireGroup(id);
      const known = findChild(store, id);
      if (known === undefined) {
        if (store.get(parentId(id)) === undefined) throw missingParent(definition, child, id);
        return false;
      }
      checkConditions(known.parent, conditions);
      const name = textOf(known.element['name']);
      await putElement(definition, child, id, (elements) => elements.filter((other) => !sameName(other, name)));
      return true;
    },

    changes: {
      async put(type, id, body) {
        const definition = resourceTypeNamed(type);
        if (definition === undefined) throw new Error(`no resource type ${type}`);
        return (await write(definition, id, body)).resource;
      },
      save: (resource) => state.save({ ...resource, etag: randomUUID() }),
    },
  };
}

function missingParent(definition: ResourceType, child: ChildType, id: string): ArmError {
  return new ArmError(
    'ParentResourceNotFound',
    `Failed to perform 'write' on resource(s) of type '${child.type.slice(child.type.indexOf('/') + 1)}', because the parent resource '${definition.type}/${resourceName(parentId(id))}' could not be found.`,
  );
}

function sameName(element: JsonObject, name: string): boolean {
  return resourceKey(textOf(element['name'])) === resourceKey(name);
}

/** Properties that the server computes for each response. */
function withoutState(properties: Readonly<Record<string, unknown>>): JsonObject {
  const { provisioningState: _, ...rest } = properties;
  return rest as JsonObject;
}

/** RFC 7396; keys are compared ignoring case, as in Azure. */
function merge(before: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    const name = Object.keys(merged).find((known) => known.toLowerCase() === key.toLowerCase()) ?? key;
    const old = merged[name];
    if (value === null) delete merged[name];
    else if (name !== 'tags' && isPlain(old) && isPlain(value)) merged[name] = merge(old, value);
    else merged[name] = value;
  }
  return merged;
}

function isPlain(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
