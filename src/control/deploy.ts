/**
 * Deployments of templates: the evaluator of arm-template makes the resources, in the order of their dependencies each is PUT as a client
 * would, and what was deployed is kept as a resource. A failure leaves what was made before it, as Azure does.
 */
import { randomUUID } from 'node:crypto';
import { define, text } from '../arm-template/call.ts';
import type { FunctionTable } from '../arm-template/call.ts';
import type { ExpandedTemplate, TemplateResource } from '../arm-template/expand.ts';
import { expandTemplate } from '../arm-template/expand.ts';
import { parameterValues } from '../arm-template/parameters.ts';
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { Json, JsonObject, Value, ValueObject } from '../arm-template/value.ts';
import { TemplateProblem, Unresolved, getProperty, isArray, isObject } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import { formatTime } from '../base/time.ts';
import { cidrFunctions } from '../nsg/cidr-functions.ts';
import { ok } from './answer.ts';
import { ArmError } from './arm-error.ts';
import type { ReferenceWatch } from './deployment-order.ts';
import { deploymentOrder } from './deployment-order.ts';
import type { Engine } from './engine.ts';
import { presentBody } from './present.ts';
import type { ArmResponse, Ask } from './request.ts';
import { groupOf, subscriptionOf } from './resource-path.ts';
import { childTypeNamed, parentOfChild, resourceTypeNamed, resourceTypes } from './resource-types.ts';
import type { Resource } from './resource.ts';
import { objectOf, propertiesOf, textOf } from './resource.ts';
import { conform } from './schema.ts';
import type { State } from './state.ts';
import { deployment, deploymentType } from './types/deployment.ts';
import { accountNamed, presentKeys, storageAccountType } from './types/storage-account.ts';

export interface Deployments {
  put(ask: Ask, id: string): Promise<ArmResponse>;
  /** POST `validate`. */
  act(ask: Ask, id: string, action: string): Promise<ArmResponse>;
}

/** A template with what it is deployed with. */
interface Plan {
  readonly id: string;
  readonly mode: string;
  readonly template: JsonObject;
  readonly parameters: ReadonlyMap<string, Value>;
  readonly origin: string;
}

export function createDeployments(state: State, engine: Engine): Deployments {
  const expand = (plan: Plan, existing: (id: string) => ValueObject | undefined): ExpandedTemplate => {
    const group = engine.requireGroup(plan.id);
    const expanded = expandTemplate(plan.template, {
      file: 'template',
      parameters: plan.parameters,
      scope: {
        subscriptionId: subscriptionOf(group.id),
        tenantId: state.settings.tenantId,
        resourceGroup: group.name,
        location: textOf(group.body['location']),
        deployment: resourceName(plan.id),
      },
      functions: { ...cidrFunctions, ...liveFunctions(state, plan.origin, existing) },
      existing,
    });
    if (expanded.unresolved.length > 0) throw expanded.unresolved[0].problem.error();
    if (expanded.linked.length > 0)
      throw new ArmError(
        'InvalidTemplate',
        `The template of the nested deployment '${expanded.linked[0].name}' is a link, which is not followed.`,
      );
    return expanded;
  };

  /** Resources as GET shows them. */
  const live =
    (plan: Plan) =>
    (id: string): ValueObject | undefined => {
      const resource = state.store.get(id);
      const definition = resource === undefined ? undefined : resourceTypeNamed(resource.type);
      if (resource === undefined || definition === undefined || definition.type === deploymentType) return undefined;
      return presentBody(definition, resource, state.view(plan.origin));
    };

  const readPlan = (ask: Ask, id: string): Plan => {
    engine.requireGroup(id);
    const body = conform(deployment.schema, ask.body(), '') as JsonObject;
    const properties = propertiesOf(body);
    const template = properties['template'];
    if (typeof template !== 'object')
      throw new ArmError('InvalidTemplate', 'The deployment has no template; a templateLink is not followed.', {
        target: 'properties.template',
      });
    if (getProperty(properties, 'parametersLink') !== undefined)
      throw new ArmError('InvalidTemplate', 'The parameters of the deployment are a link, which is not followed.', {
        target: 'properties.parametersLink',
      });
    const parameters = parameterValues(objectOf(properties['parameters']));
    checkParameters(template as JsonObject, parameters);
    return { id, mode: textOf(properties['mode']), template: template as JsonObject, parameters, origin: ask.origin };
  };

  /** Without making anything: the ids in the order in which they would be made. */
  const check = (plan: Plan): string[] => {
    const { expanded, order } = ordered(plan);
    for (const { type } of expanded.resources) requireKnown(type);
    return order.map((index) => expanded.resources[index].id);
  };

  const ordered = (plan: Plan): { expanded: ExpandedTemplate; order: number[] } => {
    const watch: ReferenceWatch = { seen: () => undefined };
    const known = live(plan);
    const expanded = expand(plan, (id) => {
      watch.seen(id);
      return known(id);
    });
    return { expanded, order: deploymentOrder(expanded, watch) };
  };

  const run = async (plan: Plan): Promise<{ made: string[]; outputs: Json }> => {
    const { order } = ordered(plan);
    const made: string[] = [];
    let current = expand(plan, live(plan));
    for (const index of order) {
      let body = readBody(current.resources[index]);
      if (body === undefined) {
        current = expand(plan, live(plan));
        body = plainJson(current.resources[index].body()) as JsonObject;
      }
      const resource = current.resources[index];
      made.push(await state.exclusive(() => make(plan, resource, body)));
    }
    if (plan.mode === 'Complete') await removeOthers(plan, made);
    return { made, outputs: plainJson(expand(plan, live(plan)).outputs()) };
  };

  const make = async (plan: Plan, resource: TemplateResource, body: JsonObject): Promise<string> => {
    const { type: _type, name: _name, apiVersion: _version, scope: _scope, ...rest } = body;
    const type = resource.type.replace(/\/+$/, '');
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
      throw resourceFailure(error, resource, plan);
    }
  };

  /** What lies in the group and not in the template; users before what they use. */
  const removeOthers = async (plan: Plan, made: readonly string[]): Promise<void> => {
    const kept = new Set(made.map(resourceKey));
    const prefix = `${resourceKey(engine.requireGroup(plan.id).id)}/`;
    let others = resourceTypes
      .filter(({ type }) => type !== deploymentType)
      .flatMap((definition) => [...state.store.ofType(definition.type)].map((resource) => ({ definition, resource })))
      .filter(({ resource: { id } }) => resourceKey(id).startsWith(prefix) && !kept.has(resourceKey(id)));
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

  return {
    async put(ask, id) {
      if (!deployment.name.pattern.test(resourceName(id)))
        throw new ArmError(
          'InvalidResourceName',
          `Resource name ${resourceName(id)} is invalid. The name ${deployment.name.rule}`,
        );
      const plan = readPlan(ask, id);
      const created = state.store.get(id) === undefined;
      const about = { mode: plan.mode, parameters: shownParameters(plan) };
      try {
        check(plan);
      } catch (error) {
        throw templateFailure(error);
      }
      try {
        const { made, outputs } = await run(plan);
        const outputResources = made.map((one) => ({ id: one }));
        const properties = { ...about, outputs, outputResources, provisioningState: 'Succeeded' };
        const resource = await state.exclusive(() => keep(id, properties));
        return ok(presentBody(deployment, resource, state.view(ask.origin)), created ? 201 : 200);
      } catch (error) {
        const failure = templateFailure(error);
        const properties = { ...about, provisioningState: 'Failed', error: failure.describe() };
        await state.exclusive(() => keep(id, properties));
        throw failure;
      }
    },
    act(ask, id, action) {
      if (action.toLowerCase() !== 'validate')
        return Promise.reject(
          new ArmError(
            'InvalidResourceType',
            `There is no action '${action}' of the resource type '${deploymentType}'.`,
          ),
        );
      try {
        const plan = readPlan(ask, id);
        const validatedResources = check(plan).map((one) => ({ id: one }));
        const properties = {
          provisioningState: 'Succeeded',
          mode: plan.mode,
          parameters: shownParameters(plan),
          validatedResources,
        };
        return Promise.resolve(ok({ id, name: resourceName(id), type: deploymentType, properties }));
      } catch (error) {
        return Promise.reject(templateFailure(error));
      }
    },
  };
}

/** Functions that only a running control plane can answer. `asked` is told of the resources that they need. */
function liveFunctions(state: State, origin: string, asked: (id: string) => unknown): FunctionTable {
  return {
    newguid: define(0, 0, () => randomUUID()),
    utcnow: define(0, 1, () => formatTime(state.settings.now())),
    listkeys: define(1, 3, (call) => {
      const view = state.view(origin);
      const idOrName = text(call, 0);
      asked(idOrName);
      const account = view.get(idOrName) ?? accountNamed(view, idOrName);
      if (account?.type !== storageAccountType)
        throw new TemplateProblem(`listKeys() asks for ${idOrName}, which is no storage account`);
      return { keys: presentKeys(account) };
    }),
  };
}

/** `undefined` where it cannot be resolved yet. */
function readBody(resource: TemplateResource): JsonObject | undefined {
  try {
    return plainJson(resource.body()) as JsonObject;
  } catch (error) {
    if (error instanceof FlowError) return undefined;
    throw error;
  }
}

/** @throws network-invalid where a part is not resolved */
function plainJson(value: Value): Json {
  if (value instanceof Unresolved) throw value.error();
  if (isArray(value)) return value.map(plainJson);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainJson(item)]));
  return value;
}

/** Those given are declared, and those declared without a default are given. */
function checkParameters(template: JsonObject, given: ReadonlyMap<string, Value>): void {
  const declared = objectOf(template['parameters']);
  const names = new Set(Object.keys(declared).map((name) => name.toLowerCase()));
  const unknown = [...given.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new ArmError(
      'InvalidTemplate',
      `Deployment template validation failed: The following parameters were supplied, but do not correspond to any parameters defined in the template: '${unknown.join(', ')}'.`,
    );
  for (const [name, parameter] of Object.entries(declared)) {
    const value = given.get(name.toLowerCase());
    const about = objectOf(parameter);
    if (value === undefined) {
      if (getProperty(about, 'defaultValue') === undefined && getProperty(about, 'nullable') !== true)
        throw new ArmError(
          'InvalidTemplate',
          `Deployment template validation failed: The value for the template parameter '${name}' is not provided.`,
        );
      continue;
    }
    const allowed = getProperty(about, 'allowedValues');
    if (isArray(allowed) && !allowed.some((one) => one === value))
      throw new ArmError(
        'InvalidTemplate',
        `Deployment template validation failed: The value for the template parameter '${name}' is not one of its allowedValues.`,
      );
  }
}

/** As the answer shows them; secure ones without their value. */
function shownParameters(plan: Plan): JsonObject {
  return Object.fromEntries(
    Object.entries(objectOf(plan.template['parameters'])).flatMap(([name, parameter]) => {
      const type = textOf(objectOf(parameter)['type']);
      const value = plan.parameters.get(name.toLowerCase());
      if (value === undefined) return [];
      return [[name, /^secure/i.test(type) ? { type } : { type, value: plainJson(value) }]];
    }),
  );
}

function requireKnown(type: string) {
  const bare = type.replace(/\/+$/, '');
  const definition = resourceTypeNamed(bare) ?? parentOfChild(bare);
  if (definition !== undefined) return definition;
  throw new ArmError(
    'InvalidTemplate',
    `Deployment template validation failed: the resource type '${type.slice(0, 200)}' is not one of this control plane.`,
  );
}

/** The failure of one resource, with its id. */
function resourceFailure(error: unknown, resource: TemplateResource, plan: Plan): unknown {
  if (!(error instanceof ArmError)) return error;
  return new ArmError(
    'DeploymentFailed',
    `At least one resource deployment operation failed: ${resource.id} of the deployment ${resourceName(plan.id)} in the group ${groupOf(plan.id)}: ${error.message}`,
    { details: [new ArmError(error.code, error.message, { target: resource.id, details: error.details })] },
  );
}

function templateFailure(error: unknown): ArmError {
  if (error instanceof ArmError) return error;
  if (error instanceof FlowError && error.code === 'network-invalid')
    return new ArmError('InvalidTemplate', `Deployment template validation failed: ${error.message}.`);
  throw error;
}
