/**
 * Containers of a storage account as resources: the recorder makes containers, too, and other programs make and remove folders. Before a request for
 * them is answered, those that are there become resources, and resources without a container go.
 */
import { parentId, resourceKey } from '../../arm-template/resource-id.ts';
import type { Engine } from './engine.ts';
import type { State } from './state.ts';
import { blobContainer, blobService, containerType } from '../types/storage-services.ts';
import { storageAccountType } from '../types/storage-account.ts';

/** `serviceId` is of the blob service: `…/storageAccounts/{name}/blobServices/default`. Nothing is done where it is not there. */
export async function syncContainers(state: State, engine: Engine, serviceId: string): Promise<void> {
  const { containers } = state.settings;
  const account = state.store.get(parentId(serviceId));
  const service = state.store.get(serviceId) ?? engine.implicit(blobService, serviceId);
  if (containers === undefined || account?.type !== storageAccountType || service === undefined) return;
  const ids = (await containers.list(account.name)).map((name) => `${service.id}/containers/${name}`);
  const keys = new Set(ids.map(resourceKey));
  const below = `${resourceKey(service.id)}/`;
  const known = [...state.store.ofType(containerType)].filter(({ id }) => resourceKey(id).startsWith(below));
  for (const resource of known) if (!keys.has(resourceKey(resource.id))) await state.remove(resource);
  for (const id of ids) if (state.store.get(id) === undefined) await engine.put(blobContainer, id, {});
}
