/**
 * Deployments of templates: the evaluator of arm-template creates the resources, each is PUT in the order of
 * dependencies, as by a client, and the deployment is stored as a resource. After a failure, resources that were
 * created before stay, as in Azure.
 */
import { randomUUID } from 'node:crypto';
import { resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { withoutEnd } from '../../base/text.ts';
import { formatTime } from '../../base/time.ts';
import { isRelatedType } from '../../nsg/raw-resource.ts';
import { ok } from '../api/answer.ts';
import { ArmError } from '../arm-error.ts';
import type { DeploymentRequest } from './deployment-request.ts';
import { readDeployment, shownParameters } from './deployment-request.ts';
import type { Engine } from '../resources/engine.ts';
import { liveResources } from './live-resources.ts';
import { responseBody } from '../resources/response-body.ts';
import type { ArmResponse, Ask } from '../api/request.ts';
import { groupOf, subscriptionOf } from '../resources/resource-path.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { childTypeNamed, parentOfChild, keptTypeNamed, resourceTypeNamed } from '../resources/resource-types.ts';
import type { Resource } from '../resources/resource.ts';
import { propertiesOf, textOf } from '../resources/resource.ts';
import type { State } from '../resources/state.ts';
import type { PlannedResource, TemplateJob } from './template-session.ts';
import type { TemplateRun } from './template-thread.ts';
import { withTemplate } from './template-thread.ts';
import { deployment, deploymentType } from '../types/deployment.ts';
import { watcherGroup } from '../types/network-watcher.ts';
import { whatIf } from './what-if.ts';

export interface Deployments {
  put(ask: Ask, id: string): Promise<ArmResponse>;
  /** POST `validate` and `whatIf`. */
  act(ask: Ask, id: string, action: string): Promise<ArmResponse>;
}

export function createDeployments(state: State, engine: Engine): Deployments {
  const evaluate = <T>(request: DeploymentRequest, use: (run: TemplateRun) => Promise<T>): Promise<T> => {
    const group = engine.requireGroup(request.id);
    const job: TemplateJob = {
      template: request.template,
      parameters: request.parameters,
      nowMillis: state.settings.now(),
      scope: {
        subscriptionId: subscriptionOf(group.id),
        tenantId: state.settings.tenantId,
        resourceGroup: group.name,
        location: textOf(group.body['location']),
        deployment: resourceName(request.id),
      },
    };
    return withTemplate(job, liveResources(state, request.origin), use);
  };

  /**
   * Plans a deployment without creating resources.
   * @throws InvalidTemplate, ResourceGroupNotFound
   */
  const plan = async (run: TemplateRun): Promise<readonly PlannedResource[]> => {
    const { resources } = await run.plan();
    for (const { type } of resources) requireKnown(type);
    for (const { id } of resources) if (!isMadeBy(id, resources)) engine.requireGroup(id);
    return resources;
  };

  const deploy = async (
    request: DeploymentRequest,
    run: TemplateRun,
    resources: readonly PlannedResource[],
  ): Promise<{ made: string[]; outputs: Json }> => {
    const made: string[] = [];
    for (const [index, resource] of resources.entries()) {
      const body = await run.bodyOf(index);
      made.push(await state.exclusive(() => make(request, resource, body)));
    }
    if (request.mode === 'Complete') await removeOthers(request, made);
    return { made, outputs: await run.outputs() };
  };

  /** Diagnostics of a template that is still accepted. */
  const diagnosticsOf = (resources: readonly PlannedResource[]): { diagnostics?: JsonObject[] } => {
    const types = [...new Set(resources.map(({ type }) => withoutEnd(type, '/')))].filter(
      (type) => requireKnown(type).isInert === true && !isRelatedType(type),
    );
    if (types.length === 0) return {};
    const message = `Resources of types that the control plane does not know are kept as they are given: ${types.join(', ')}. Nothing of them is judged, and expressions in them that only Azure can answer stay as written.`;
    return { diagnostics: [{ level: 'Warning', code: 'ResourceTypesNotKnown', message }] };
  };

  const make = async (request: DeploymentRequest, resource: PlannedResource, body: JsonObject): Promise<string> => {
    const { type: _type, name: _name, apiVersion: _version, scope: _scope, ...rest } = body;
    const type = withoutEnd(resource.type, '/');
    const child = childTypeNamed(type);
    const parent = parentOfChild(type);
    try {
      if (type.toLowerCase() === deploymentType.toLowerCase()) {
        const outputs = propertiesOf(body)['outputs'] ?? {};
        return (await keep(resource.id, { mode: 'Incremental', outputs, provisioningState: 'Succeeded' })).id;
      }
      if (child !== undefined && parent !== undefined) {
        await engine.putChild(parent, child, resource.id, rest);
        return resource.id;
      }
      return (await engine.put(requireKnown(type), resource.id, rest)).resource.id;
    } catch (error) {
      throw resourceFailure(error, resource, request);
    }
  };

  /** Removes resources of the group that are not in the template; users before the resources that they use. */
  const removeOthers = async (request: DeploymentRequest, made: readonly string[]): Promise<void> => {
    const kept = new Set(made.map(resourceKey));
    const prefix = `${resourceKey(engine.requireGroup(request.id).id)}/`;
    let others = [...state.store.all()]
      .filter(
        ({ id, type }) => type !== deploymentType && resourceKey(id).startsWith(prefix) && !kept.has(resourceKey(id)),
      )
      .flatMap((resource) => {
        const definition = keptTypeNamed(resource.type);
        return definition === undefined ? [] : [{ definition, resource }];
      });
    for (let last = Infinity; others.length < last;) {
      last = others.length;
      const left: typeof others = [];
      for (const other of others)
        await state
          .exclusive(() => engine.remove(other.definition, other.resource.id))
          .catch((error: unknown) => {
            if (!(error instanceof ArmError)) throw error;
            left.push(other);
          });
      others = left;
    }
  };

  const keep = async (id: string, properties: JsonObject): Promise<Resource> => {
    const resource: Resource = {
      id: `${engine.requireGroup(id).id}/providers/${deploymentType}/${resourceName(id)}`,
      type: deploymentType,
      name: resourceName(id),
      etag: randomUUID(),
      body: {
        properties: {
          timestamp: formatTime(state.settings.now()),
          correlationId: randomUUID(),
          providers: [],
          dependencies: [],
          ...properties,
        },
      },
      hidden: {},
    };
    await state.save(resource);
    return resource;
  };

  const answerWhatIf = (ask: Ask, id: string): Promise<ArmResponse> => {
    const request = readDeployment(engine, ask, id);
    return evaluate(request, async (run) => {
      const resources = await plan(run);
      const changes = await whatIf(state, engine, request, resources, run);
      return ok({ status: 'Succeeded', properties: { changes, ...diagnosticsOf(resources) } });
    });
  };

  return {
    async put(ask, id) {
      const request = readDeployment(engine, ask, id);
      const created = state.store.get(id) === undefined;
      const about = { mode: request.mode, parameters: shownParameters(request) };
      return evaluate(request, async (run) => {
        const resources = await plan(run);
        const diagnostics = diagnosticsOf(resources);
        for (const { message } of diagnostics.diagnostics ?? [])
          state.settings.onNotice(`deployment ${resourceName(id)}: ${textOf(message)}`);
        try {
          const { made, outputs } = await deploy(request, run, resources);
          const outputResources = made.map((one) => ({ id: one }));
          const properties = { ...about, outputs, outputResources, ...diagnostics, provisioningState: 'Succeeded' };
          const resource = await state.exclusive(() => keep(id, properties));
          return ok(responseBody(deployment, resource, state.view(ask.origin)), created ? 201 : 200);
        } catch (error) {
          if (!(error instanceof ArmError)) throw error;
          const properties = { ...about, provisioningState: 'Failed', error: error.describe() };
          await state.exclusive(() => keep(id, properties));
          throw error;
        }
      });
    },
    async act(ask, id, action) {
      if (action.toLowerCase() === 'whatif') return answerWhatIf(ask, id);
      if (action.toLowerCase() !== 'validate')
        throw new ArmError(
          'InvalidResourceType',
          `There is no action '${action}' of the resource type '${deploymentType}'.`,
        );
      const request = readDeployment(engine, ask, id);
      const resources = await evaluate(request, plan);
      const properties = {
        provisioningState: 'Succeeded',
        mode: request.mode,
        parameters: shownParameters(request),
        validatedResources: resources.map((one) => ({ id: one.id })),
        ...diagnosticsOf(resources),
      };
      return ok({ id, name: resourceName(id), type: deploymentType, properties });
    },
  };
}

/**
 * Whether a deployment creates the group of one of its resources: the group of the network watchers is created with the
 * first network.
 */
function isMadeBy(id: string, resources: readonly PlannedResource[]): boolean {
  return (
    groupOf(id).toLowerCase() === watcherGroup.toLowerCase() &&
    resources.some((other) => resourceTypeNamed(other.type)?.changes === 'network' && groupOf(other.id) !== groupOf(id))
  );
}

function requireKnown(type: string): ResourceType {
  const bare = withoutEnd(type, '/');
  const definition = resourceTypeNamed(bare) ?? parentOfChild(bare) ?? keptTypeNamed(bare);
  if (definition !== undefined) return definition;
  throw new ArmError(
    'InvalidTemplate',
    `Deployment template validation failed: '${type.slice(0, 200)}' is not a resource type.`,
  );
}

/** The failure of one resource, with its id. */
function resourceFailure(error: unknown, resource: PlannedResource, request: DeploymentRequest): unknown {
  if (!(error instanceof ArmError)) return error;
  return new ArmError(
    'DeploymentFailed',
    `At least one resource deployment operation failed: ${resource.id} of the deployment ${resourceName(request.id)} in the group ${groupOf(request.id)}: ${error.message}`,
    { details: [new ArmError(error.code, error.message, { target: resource.id, details: error.details })] },
  );
}
