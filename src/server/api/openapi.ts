/** The description of the console's API (OpenAPI 3.1), made of the table of routes. A test compares it with `openapi/api.json`. */
import { apiRoutes } from './routes.ts';
import type { Route } from './route.ts';

export function describeApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of apiRoutes) {
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'nsgflow console',
      version: '1',
      description:
        'What the web console asks. A browser has a session; scripts send Authorization: Bearer TOKEN, the token of the printed address or of the service.',
    },
    paths,
    components: {
      schemas: { Error: error },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'nsgflow_session_PORT' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

const text = { type: 'string' };

const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: text,
        message: text,
        hint: text,
        field: { ...text, description: 'JSON pointer of the wrong value of the body.' },
        position: { type: 'object', properties: { offset: { type: 'integer' }, length: { type: 'integer' } } },
        fix: { ...text, description: 'What may stand at the position.' },
      },
    },
  },
};

function operation(route: Route): object {
  const { about, access, path, query, body, answer, streams = [], needsService } = route;
  const inPath = Array.from(path.matchAll(/:(\w+)/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }));
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query?.required?.includes(name) === true,
    schema,
  }));
  const parameters = [...inPath, ...inQuery];
  const content = {
    ...(answer === undefined ? {} : { 'application/json': { schema: answer } }),
    ...Object.fromEntries(streams.map((type) => [type, {}])),
  };
  const success =
    Object.keys(content).length === 0
      ? { 204: { description: 'Done.' } }
      : { 200: { description: 'The answer.', content } };
  return {
    summary: about,
    ...(needsService === true ? { description: 'With nsgflow serve only.' } : {}),
    security: access === 'anyone' ? [] : [{ session: [] }, { bearer: [] }],
    'x-role': access,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      ...success,
      default: {
        description: 'An error.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}
