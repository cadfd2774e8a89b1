/** Hourly blobs of flow logs, and their content. */
import { Type } from 'typebox';
import { ApiError } from '../api-error.ts';
import { StreamedAnswer, defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { serviceOf } from '../service-of.ts';
import { blobContent, blobHours } from './blobs.ts';

const text = Type.String({ minLength: 1, maxLength: 2000 });

export const blobRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'GET',
      path: '/blobs',
      about: 'The hourly blobs of a flow log, the newest first.',
      access: 'viewer',
      needsService: true,
      query: Type.Object({ flowLog: text }),
      answer: Type.Array(
        Type.Object({
          account: Type.String(),
          container: Type.String(),
          name: Type.String(),
          hour: Type.String(),
          mac: Type.Optional(Type.String()),
          bytes: Type.Integer(),
        }),
      ),
    },
    async (context, { query: { flowLog } }) => {
      const { control, accounts } = serviceOf(context);
      const state = control.flowLog(flowLog);
      if (state === undefined) throw new ApiError(404, 'not-found', 'there is no such flow log');
      return await blobHours(accounts, state);
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/blobs/content',
      about: 'The content of a blob: PT1H.json.',
      access: 'viewer',
      needsService: true,
      query: Type.Object({ account: text, container: text, name: text }),
      streams: ['application/json'],
    },
    async (context, { query }) => {
      const { item, parts } = await blobContent(serviceOf(context).accounts, query);
      return new StreamedAnswer({
        type: 'application/json; charset=utf-8',
        headers: {
          'content-length': String(item.lengthBytes),
          'content-disposition': 'attachment; filename="PT1H.json"',
        },
        parts,
      });
    },
  ),
];
