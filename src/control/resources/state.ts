/**
 * The state: resources in memory as on disk, links between them, and listeners of changes. Changes run one after
 * another.
 */
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { withoutEnd } from '../../base/text.ts';
import { importNetwork } from '../../nsg/import.ts';
import { isRelatedType } from '../../nsg/raw-resource.ts';
import type { Network } from '../../nsg/network.ts';
import { createLinkIndex } from './link-index.ts';
import { childElements, childId, responseBody } from './response-body.ts';
import type { ResourceStore } from './resource-store.ts';
import { openResourceStore } from './resource-store.ts';
import type { ResourceType, View } from './resource-type.ts';
import { childTypeNamed, keptTypeNamed, networkTypes, resourceTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';
import { textOf } from './resource.ts';
import type { ControlOptions, ControlSettings } from '../settings.ts';
import { settingsOf } from '../settings.ts';

/** A change that is on disk. */
export interface Change {
  readonly id: string;
  readonly type: string;
  readonly verb: 'put' | 'delete';
  /** Grows by one with each change since the start. */
  readonly revision: number;
}

export interface State {
  readonly settings: ControlSettings;
  readonly store: ResourceStore;
  readonly revision: number;
  view(origin?: string): View;
  save(resource: Resource): Promise<void>;
  remove(resource: Resource): Promise<void>;
  /** Runs after all earlier calls. */
  exclusive<T>(run: () => Promise<T>): Promise<T>;
  onChange(listener: (change: Change) => void): () => void;
  /** NSGs, VNets, NICs and the other resources of rules, as GET returns them. */
  networkResources(): JsonObject[];
  /** See ControlPlane. */
  networkAsNow(): () => Network;
}

/** @throws state-invalid, and FlowError if the folder cannot be read */
export async function openState(options: ControlOptions): Promise<State> {
  const settings = settingsOf(options);
  const store = await openResourceStore(options.dataFolder);
  const links = createLinkIndex();
  for (const resource of store.all()) links.set(resource.id, resourceTypeNamed(resource.type)?.links?.(resource) ?? []);
  const listeners = new Set<(change: Change) => void>();
  let revision = 0;
  let network: (() => Network) | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const changed = (resource: Resource, verb: Change['verb']): void => {
    revision++;
    const definition = keptTypeNamed(resource.type);
    links.set(resource.id, verb === 'put' ? (definition?.links?.(resource) ?? []) : []);
    if (definition?.changes === 'network') network = undefined;
    for (const listener of listeners) listener({ id: resource.id, type: resource.type, verb, revision });
  };

  const view = (origin = settings.origin): View => ({
    settings,
    origin,
    get: (id) => store.get(id),
    exists: (id) => store.get(id) !== undefined || findChild(store, id) !== undefined,
    canonicalId: (id) => store.get(id)?.id ?? findChild(store, id)?.id,
    ofType: (type) => store.ofType(type),
    linksTo: (id) => links.linksTo(id),
    network: () => networkAsNow()(),
  });

  const networkResources = (): JsonObject[] => responseBodies(keptOf(store), view());

  const networkAsNow = (): (() => Network) => {
    if (network !== undefined) return network;
    const kept = keptOf(store);
    let built: Network | undefined;
    network = () => (built ??= buildNetwork(responseBodies(kept, view()), settings));
    return network;
  };

  return {
    settings,
    store,
    get revision() {
      return revision;
    },
    view,
    async save(resource) {
      await store.put(resource);
      changed(resource, 'put');
    },
    async remove(resource) {
      await store.remove(resource);
      changed(resource, 'delete');
    },
    exclusive(run) {
      const turn = queue.then(run, run);
      queue = turn.catch(() => undefined);
      return turn;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    networkResources,
    networkAsNow,
  };
}

/** The resources of a network now. A change replaces a resource object and never modifies it. */
type Kept = readonly (readonly [definition: ResourceType, resources: readonly Resource[]])[];

function keptOf(store: ResourceStore): Kept {
  const beside = store.types().flatMap((type) => (isRelatedType(type) ? (keptTypeNamed(type) ?? []) : []));
  return [...new Set([...networkTypes, ...beside])].map((definition) => [
    definition,
    [...store.ofType(definition.type)],
  ]);
}

/**
 * In list order, independent of creation: if two interfaces have the same address, the same one is first after a
 * restart.
 */
function responseBodies(kept: Kept, view: View): JsonObject[] {
  return kept.flatMap(([definition, resources]) =>
    resources
      .toSorted((a, b) => (resourceKey(a.id) < resourceKey(b.id) ? -1 : 1))
      .map((resource) => responseBody(definition, resource, view)),
  );
}

function buildNetwork(resources: readonly JsonObject[], settings: ControlSettings): Network {
  if (resources.length === 0)
    return {
      nics: [],
      subnets: [],
      virtualNetworks: [],
      nsgs: [],
      applicationSecurityGroups: [],
      translations: [],
      serviceTags: new Map(),
      unknownTags: [],
      warnings: [],
    };
  return importNetwork({
    files: [{ path: 'control plane', json: { value: resources } }],
    serviceTags: settings.serviceTags,
    inForce: true,
  });
}

/** A child resource, such as a subnet of a VNet. */
export function findChild(
  store: Pick<ResourceStore, 'get'>,
  id: string,
): { id: string; parent: Resource; element: JsonObject } | undefined {
  const parent = store.get(parentId(id));
  if (parent === undefined) return undefined;
  const parts = withoutEnd(id, '/').split('/');
  const child = childTypeNamed(`${parent.type}/${parts[parts.length - 2]}`);
  if (child === undefined) return undefined;
  const name = resourceKey(resourceName(id));
  const element = childElements(child, parent).find((candidate) => textOf(candidate['name']).toLowerCase() === name);
  return element === undefined ? undefined : { id: childId(child, parent, textOf(element['name'])), parent, element };
}
