import { Type } from 'typebox';
import { sameText } from '../tokens.ts';
import { ApiError } from './api-error.ts';
import { cookieOf, clearCookie, setCookie } from './cookie.ts';
import { defineRoute } from './route.ts';
import type { Route } from './route.ts';
import { words } from './schema.ts';

const answer = Type.Object({
  name: Type.String(),
  role: words(['viewer', 'operator']),
  readOnly: Type.Boolean({ description: 'Whether nothing can be changed.' }),
  service: Type.Boolean({ description: 'Whether flow logs and sources can be asked for.' }),
  csrf: Type.String({ description: 'Changing requests of this session send it as X-NSGFlow-CSRF.' }),
});

/** The user of the printed address, who started the process. */
const localName = 'console';

export const sessionRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'POST',
      path: '/session',
      about: 'Signs a browser in with the token of the printed address.',
      access: 'anyone',
      body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }),
    },
    async (context, { body, request, reply }) => {
      if (!sameText(body.token, context.token)) {
        const millis = context.wrong.add(request.ip);
        if (millis > 0) await context.wait(millis);
        throw new ApiError(401, 'authentication', 'the token is not the one of this console', {
          field: '/token',
          hint: 'Open the address that nsgflow printed at its start. Each start has a new one.',
        });
      }
      const before = cookieOf(request, context);
      if (before !== undefined) context.sessions.close(before);
      setCookie(reply, context, context.sessions.open({ name: localName, role: 'operator' }));
    },
  ),
  defineRoute(
    { method: 'GET', path: '/session', about: 'Who is signed in, and what they may do.', access: 'viewer', answer },
    (context, { user, session }) => ({
      name: user.name,
      role: user.role,
      readOnly: context.readOnly || user.role !== 'operator',
      service: context.hasService,
      csrf: session?.csrf ?? '',
    }),
  ),
  defineRoute(
    { method: 'DELETE', path: '/session', about: 'Signs out.', access: 'viewer' },
    (context, { request, reply }) => {
      const id = cookieOf(request, context);
      if (id !== undefined) context.sessions.close(id);
      clearCookie(reply, context);
    },
  ),
];
