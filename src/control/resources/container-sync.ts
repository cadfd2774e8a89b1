/**
 * Syncs containers of a storage account with resources: the recorder creates containers, too, and other programs create
 * and delete folders. Before a request for containers is answered, existing containers become resources, and resources
 * without a container are removed.
 */
import { parentId, resourceKey } from '../../arm-template/resource-id.ts';
import type { Engine } from './engine.ts';
import type { State } from './state.ts';
import { blobContainer, blobService, containerType } from '../types/storage-services.ts';
import { storageAccountType } from '../types/storage-account.ts';

/**
 * @param serviceId id of the blob service: `…/storageAccounts/{name}/blobServices/default`; does nothing if it does not
 * exist
 */
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
