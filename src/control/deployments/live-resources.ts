/** The targets of `reference` and `listKeys` in templates: resources and child resources as GET returns them. */
import { responseBody, childResponseBody } from '../resources/response-body.ts';
import { childTypeNamed, keptTypeNamed } from '../resources/resource-types.ts';
import type { State } from '../resources/state.ts';
import { findChild } from '../resources/state.ts';
import type { Live } from './template-session.ts';
import { accountNamed, keysBody, storageAccountType } from '../types/storage-account.ts';

export function liveResources(state: State, origin: string): Live {
  return {
    existing(id) {
      const view = state.view(origin);
      const resource = state.store.get(id);
      const definition = resource === undefined ? undefined : keptTypeNamed(resource.type);
      if (resource !== undefined && definition !== undefined) return responseBody(definition, resource, view);
      const part = findChild(state.store, id);
      if (part === undefined) return undefined;
      const words = part.id.split('/');
      const child = childTypeNamed(`${part.parent.type}/${words[words.length - 2]}`);
      return child === undefined ? undefined : childResponseBody(child, part.parent, part.element, view);
    },
    keys(idOrName) {
      const view = state.view(origin);
      const account = view.get(idOrName) ?? accountNamed(view, idOrName);
      return account?.type === storageAccountType ? keysBody(account) : undefined;
    },
  };
}
