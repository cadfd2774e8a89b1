/**
 * The changes of a deployment: each resource of the template compared with the existing one, by property, and the other
 * resources of the group. Source: learn.microsoft.com/rest/api/resources/deployments/what-if
 */
import { resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { isObject } from '../../arm-template/value.ts';
import { withoutEnd } from '../../base/text.ts';
import { ArmError } from '../arm-error.ts';
import type { DeploymentRequest } from './deployment-request.ts';
import type { Engine } from '../resources/engine.ts';
import { liveResources } from './live-resources.ts';
import { childElements, responseBody, childResponseBody } from '../resources/response-body.ts';
import { compareProperties } from './property-changes.ts';
import { childTypeNamed, keptTypeNamed, parentOfChild } from '../resources/resource-types.ts';
import { objectOf, textOf } from '../resources/resource.ts';
import type { State } from '../resources/state.ts';
import type { Forecast, PlannedResource } from './template-session.ts';
import type { TemplateRun } from './template-thread.ts';
import { deploymentType } from '../types/deployment.ts';

/**
 * One entry per resource, in the order of ids.
 * @throws ArmError of a resource that would be refused
 */
export async function whatIf(
  state: State,
  engine: Engine,
  request: DeploymentRequest,
  resources: readonly PlannedResource[],
  run: TemplateRun,
): Promise<JsonObject[]> {
  const live = liveResources(state, request.origin);
  const changes: JsonObject[] = [];
  const named = new Set<string>();
  for (const [index, resource] of resources.entries()) {
    named.add(resourceKey(resource.id));
    if (resource.type.toLowerCase() === deploymentType.toLowerCase()) continue;
    const before = live.existing(resource.id);
    if (request.isIdsOnly) {
      changes.push({ resourceId: resource.id, changeType: before === undefined ? 'Create' : 'Deploy' });
      continue;
    }
    const forecast = await run.forecastOf(index);
    const { id, apiVersion } = resource;
    if (before === undefined) {
      changes.push({
        resourceId: id,
        changeType: 'Create',
        after: shown(fromTemplate(resource, forecast.body), apiVersion),
      });
      continue;
    }
    const after = await preview(state, engine, request, resource, forecast, before);
    const delta = compareProperties(before, after);
    changes.push({
      resourceId: textOf(before['id']),
      changeType: delta.length === 0 ? 'NoChange' : 'Modify',
      before: shown(before, apiVersion),
      after: shown(after, apiVersion),
      delta,
    });
  }
  const prefix = `${resourceKey(engine.requireGroup(request.id).id)}/`;
  for (const other of state.store.all()) {
    const key = resourceKey(other.id);
    if (!key.startsWith(prefix) || named.has(key) || other.type === deploymentType) continue;
    const before = live.existing(other.id) ?? {};
    const whole = request.isIdsOnly ? {} : { before: shown(before, '') };
    if (request.mode === 'Complete') changes.push({ resourceId: other.id, changeType: 'Delete', ...whole });
    else
      changes.push({
        resourceId: other.id,
        changeType: 'Ignore',
        ...whole,
        ...(request.isIdsOnly ? {} : { after: shown(before, '') }),
      });
  }
  return changes.sort((a, b) => (textOf(a['resourceId']) < textOf(b['resourceId']) ? -1 : 1));
}

/** An existing resource after the deployment. Values that become known only during the deployment do not change. */
async function preview(
  state: State,
  engine: Engine,
  request: DeploymentRequest,
  resource: PlannedResource,
  { body, unknown }: Forecast,
  before: JsonObject,
): Promise<JsonObject> {
  const { type: _type, name: _name, apiVersion: _version, scope: _scope, ...rest } = body;
  const wanted = unknown.reduce<JsonObject>((made, path) => objectOf(replaced(made, before, pathParts(path))), rest);
  const type = withoutEnd(resource.type, '/');
  const child = childTypeNamed(type);
  const parent = parentOfChild(type);
  const definition = keptTypeNamed(type);
  const view = state.view(request.origin);
  try {
    if (child !== undefined && parent !== undefined) {
      const made = await engine.putChild(parent, child, resource.id, wanted, { isPreview: true });
      const name = resourceKey(resourceName(resource.id));
      const element = childElements(child, made.resource).find((one) => resourceKey(textOf(one['name'])) === name);
      return childResponseBody(child, made.resource, element ?? {}, view);
    }
    if (definition === undefined) return before;
    return responseBody(
      definition,
      (await engine.put(definition, resource.id, wanted, { isPreview: true })).resource,
      view,
    );
  } catch (error) {
    // It can refer to a resource that the same deployment creates.
    if (error instanceof ArmError && ['InvalidResourceReference', 'ParentResourceNotFound'].includes(error.code))
      return { ...before, ...wanted };
    if (!(error instanceof ArmError)) throw error;
    throw new ArmError(error.code, `${resource.id}: ${error.message}`, { target: error.target ?? resource.id });
  }
}

/** A copy of `value` with the part at a path from `other`; without the part if it is absent there. */
function replaced(
  value: Json | undefined,
  other: Json | undefined,
  [first, ...rest]: readonly string[],
): Json | undefined {
  if (first === undefined) return other;
  const inside = (of: Json | undefined): Json | undefined =>
    typeof of === 'object' && of !== null && Object.hasOwn(of, first) ? (of as JsonObject)[first] : undefined;
  const part = replaced(inside(value), inside(other), rest);
  if (Array.isArray(value)) return value.map((item: Json, index) => (String(index) === first ? (part ?? item) : item));
  if (!isObject(value)) return value;
  const { [first]: _, ...left } = value;
  return part === undefined ? left : { ...left, [first]: part };
}

function pathParts(path: string): string[] {
  return path.split(/[.[\]]+/).filter((part) => part !== '');
}

function fromTemplate(resource: PlannedResource, body: JsonObject): JsonObject {
  return { ...body, id: resource.id, type: resource.type, name: resourceName(resource.id) };
}

function shown(body: JsonObject, apiVersion: string): JsonObject {
  const { etag: _, ...rest } = body;
  return apiVersion === '' ? rest : { apiVersion, ...rest };
}
