import { Type } from 'typebox';
import { ApiError } from './api-error.ts';
import { defineRoute } from './route.ts';
import type { Route } from './route.ts';

const view = Type.Unknown({ description: 'What the page keeps of a view; any JSON.' });

/** Saved views, shared with all who open this console. */
export const viewRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/views',
      about: 'Saved views.',
      access: 'viewer',
      answer: Type.Array(Type.Object({ name: Type.String(), view })),
    },
    async ({ views }) => Array.from(await views.all(), ([name, one]) => ({ name, view: one })),
  ),
  defineRoute(
    { method: 'GET', path: '/views/:name', about: 'One saved view.', access: 'viewer', answer: view },
    async ({ views }, { params }) => {
      const all = await views.all();
      if (!all.has(nameOf(params))) throw missing(params);
      return all.get(nameOf(params));
    },
  ),
  defineRoute(
    {
      method: 'PUT',
      path: '/views/:name',
      about: 'Saves a view, in place of one of that name.',
      access: 'operator',
      body: view,
    },
    async ({ views }, { params, body }) => {
      const name = nameOf(params);
      if (name.length > 100 || name === '__proto__') throw new ApiError(400, 'usage', 'the name is not one of a view');
      await views.change((all) => void all.set(name, body));
    },
  ),
  defineRoute(
    { method: 'DELETE', path: '/views/:name', about: 'Removes a saved view.', access: 'operator' },
    async ({ views }, { params }) => {
      await views.change((all) => {
        if (!all.delete(nameOf(params))) throw missing(params);
      });
    },
  ),
];

function nameOf(params: Readonly<Record<string, string>>): string {
  return params['name'] ?? '';
}

function missing(params: Readonly<Record<string, string>>): ApiError {
  return new ApiError(404, 'not-found', `there is no view ${JSON.stringify(nameOf(params).slice(0, 100))}`);
}
