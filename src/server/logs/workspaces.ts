/** Log Analytics workspaces that the query API answers for: they all have the service's one lake. */
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { WorkspaceState } from '../../control/types/workspace.ts';
import { LogsError } from './logs-error.ts';

/**
 * A workspace by its `customerId` or its resource id. While no workspace is created, every GUID is one, without a resource.
 * @throws LogsError 404
 */
export function workspaceNamed(id: string, workspaces: readonly WorkspaceState[]): WorkspaceState {
  const key = id.startsWith('/') ? resourceKey(id) : id.toLowerCase();
  const found = workspaces.find((one) => one.customerId.toLowerCase() === key || resourceKey(one.id) === key);
  if (found !== undefined) return found;
  if (workspaces.length === 0 && guid.test(id)) return { id: '', name: 'nsgflow', customerId: id, location: '' };
  throw new LogsError(404, 'WorkspaceNotFoundError', 'The workspace could not be found', {
    code: 'WorkspaceNotFoundError',
    message:
      workspaces.length === 0
        ? `${id.slice(0, 100)} is not a GUID.`
        : `No workspace has the id ${id.slice(0, 100)}. There is: ${workspaces
            .slice(0, 5)
            .map(({ name, customerId }) => `${name} (${customerId})`)
            .join(', ')}.`,
  });
}

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
