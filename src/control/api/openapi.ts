/**
 * The description of the API (OpenAPI 3.1), generated from the table of resource types. A test compares it with
 * `openapi/arm.json`, so that a diff shows each change of the API.
 */
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { armErrorTable } from '../arm-error.ts';
import { namespaces } from '../resources/registration.ts';
import type { ChildType, ResourceType } from '../resources/resource-type.ts';
import { resourceTypes } from '../resources/resource-types.ts';
import { deploymentType } from '../types/deployment.ts';
import { storageAccountType } from '../types/storage-account.ts';

const groupPath = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}';

export function describeApi(): JsonObject {
  const paths: Record<string, JsonObject> = { ...fixedPaths() };
  for (const definition of resourceTypes) Object.assign(paths, pathsOf(definition));
  return {
    openapi: '3.1.0',
    info: {
      title: 'nsgflow control plane',
      version: '1',
      description:
        'A local Azure Resource Manager for network security groups and flow logs. The api-versions are those of Azure.',
    },
    paths,
    components: {
      schemas: {
        ...Object.fromEntries(
          resourceTypes.map((definition) => [schemaName(definition.type), definition.schema as Json]),
        ),
        Error: errorSchema,
      },
      parameters: {
        apiVersion: {
          name: 'api-version',
          in: 'query',
          required: true,
          schema: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}' },
        },
      },
      responses: {
        Error: {
          description: 'An error; its code is one of the table.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
    },
  };
}

function pathsOf(definition: ResourceType): Record<string, JsonObject> {
  const paths: Record<string, JsonObject> = {};
  const schema = schemaName(definition.type);
  const item = itemPath(definition);
  const isDeployment = definition.type === deploymentType;
  const isGroup = definition.scope === 'subscription';
  const isAccount = definition.putByLocation === true;
  const isStorage = definition.type.startsWith(storageAccountType);
  const removed = [String(definition.deleteStatus), ...(isGroup ? [] : isStorage ? ['204'] : ['202', '204'])];
  const made = isAccount ? ['200', '202'] : definition.isNewOk === true ? ['200'] : ['200', '201'];
  for (const path of collectionPaths(definition)) paths[path] = at(path, { get: operation(['200'], schema) });
  paths[item] = at(item, {
    get: operation(['200'], schema),
    head: operation(['204', '404']),
    ...(definition.isFixed === 'get' ? {} : { put: operation(made, schema, schema) }),
    ...(definition.patch === 'none' ? {} : { patch: operation(['200'], schema, schema) }),
    ...(definition.isFixed === undefined ? { delete: operation(removed) } : {}),
  });
  if (isDeployment)
    for (const path of [`${item}/operations`, `${item}/operations/{operationId}`])
      paths[path] = at(path, { get: operation(['200']) });
  for (const { name, schema: body, long } of [
    ...(definition.actions ?? []),
    ...(isDeployment ? [{ name: 'validate', schema: definition.schema, long: undefined }] : []),
    ...(isDeployment ? [{ name: 'whatIf', schema: definition.schema, long: true }] : []),
  ]) {
    const path = `${item}/${name}`;
    const statuses = long === true ? ['200', '202'] : ['200'];
    paths[path] = at(path, { post: { ...operation(statuses), requestBody: jsonBody(body as Json) } });
  }
  for (const child of definition.children ?? []) Object.assign(paths, childPaths(item, schema, child));
  return paths;
}

function childPaths(parent: string, schema: string, child: ChildType): Record<string, JsonObject> {
  const list = `${parent}/${child.list}`;
  const item = `${list}/{${singular(child.list)}Name}`;
  const reference = `${schema}/properties/properties/properties/${child.list}/items`;
  const writes: JsonObject =
    child.readOnly === true
      ? {}
      : { put: operation(['200', '201'], reference, reference), delete: operation(['200', '202', '204']) };
  return {
    [list]: at(list, { get: operation(['200'], reference) }),
    [item]: at(item, { get: operation(['200'], reference), ...writes }),
  };
}

function fixedPaths(): Record<string, JsonObject> {
  const subscription = '/subscriptions/{subscriptionId}';
  const provider = `${subscription}/providers/{namespace}`;
  const gets = [
    '/tenants',
    '/subscriptions',
    subscription,
    `${subscription}/locations`,
    `${subscription}/resources`,
    `${groupPath}/resources`,
    `${subscription}/providers`,
    provider,
  ];
  const location = `${subscription}/providers/Microsoft.Network/locations/{location}`;
  const paths = Object.fromEntries(
    [
      ...gets,
      `${subscription}/providers/Microsoft.Storage/skus`,
      `${location}/serviceTags`,
      `${location}/operations/{operationId}`,
      `${location}/operationResults/{operationId}`,
    ].map((path) => [path, at(path, { get: operation(['200']) })]),
  );
  for (const path of [
    `${provider}/register`,
    `${provider}/unregister`,
    `${subscription}/providers/Microsoft.Storage/checkNameAvailability`,
  ])
    paths[path] = at(path, { post: operation(['200']) });
  return paths;
}

function itemPath({ type, scope }: ResourceType): string {
  if (scope === 'subscription') return groupPath;
  const [namespace, ...types] = type.split('/');
  const pairs = types.map((word) => `${word}/{${singular(word)}Name}`);
  return `${groupPath}/providers/${namespace}/${pairs.join('/')}`;
}

function collectionPaths(definition: ResourceType): string[] {
  if (definition.scope === 'subscription') return ['/subscriptions/{subscriptionId}/resourceGroups'];
  const item = itemPath(definition);
  const inGroup = item.slice(0, item.lastIndexOf('/'));
  return definition.type.split('/').length > 2
    ? [inGroup]
    : [inGroup, inGroup.replace('/resourceGroups/{resourceGroupName}', '')];
}

function at(path: string, operations: JsonObject): JsonObject {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters: Json[] = names.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'namespace' ? { type: 'string', enum: [...namespaces] } : { type: 'string' },
  }));
  return { parameters: [...parameters, { $ref: '#/components/parameters/apiVersion' }], ...operations };
}

/** `answer` and `body` are names of schemas, or paths in one. */
function operation(statuses: readonly string[], answer?: string, body?: string): JsonObject {
  const content =
    answer === undefined
      ? {}
      : { content: { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } } };
  const responses: Record<string, Json> = {};
  for (const status of new Set(statuses))
    responses[status] = { description: 'done', ...(status === '200' || status === '201' ? content : {}) };
  responses['default'] = { $ref: '#/components/responses/Error' };
  return body === undefined
    ? { responses }
    : { requestBody: jsonBody({ $ref: `#/components/schemas/${body}` }), responses };
}

function jsonBody(schema: Json): JsonObject {
  return { required: true, content: { 'application/json': { schema } } };
}

const errorSchema: JsonObject = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: Object.keys(armErrorTable) },
        message: { type: 'string' },
        target: { type: 'string' },
        details: { type: 'array', items: { type: 'object' } },
      },
    },
  },
};

/** `Microsoft.Network/networkSecurityGroups` is `networkSecurityGroups`. */
function schemaName(type: string): string {
  return type.slice(type.lastIndexOf('/') + 1);
}

function singular(word: string): string {
  const lower = word.charAt(0).toLowerCase() + word.slice(1);
  if (lower.endsWith('ies')) return `${lower.slice(0, -3)}y`;
  return lower.endsWith('sses') ? lower.slice(0, -2) : lower.replace(/s$/, '');
}
