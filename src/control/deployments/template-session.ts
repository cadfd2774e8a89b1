/**
 * A template during its deployment: evaluated with the existing resources, and again as its resources are created. It
 * can run in its own thread (template-thread.ts), so its inputs and results are plain values.
 */
import { randomUUID } from 'node:crypto';
import { define, text } from '../../arm-template/call.ts';
import type { FunctionTable } from '../../arm-template/call.ts';
import type { Budget } from '../../arm-template/evaluate.ts';
import type { ExpandedTemplate, TemplateResource } from '../../arm-template/expand.ts';
import { budgetOf, expandTemplate } from '../../arm-template/expand.ts';
import { measureOf } from '../../arm-template/measure.ts';
import type { Scope } from '../../arm-template/scope.ts';
import type { Json, JsonObject, Value, ValueObject } from '../../arm-template/value.ts';
import { TemplateProblem, Unresolved, isArray, isObject, scalarText } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { formatTime } from '../../base/time.ts';
import { cidrFunctions } from '../../nsg/cidr-functions.ts';
import { ArmError } from '../arm-error.ts';
import { deploymentOrder } from './deployment-order.ts';
import { parentOfChild, resourceTypeNamed } from '../resources/resource-types.ts';

/** A template with its parameters. */
export interface TemplateJob {
  readonly template: JsonObject;
  /** By name in lower case. */
  readonly parameters: JsonObject;
  readonly scope: Scope;
  /** The value of `utcNow`. */
  readonly nowMillis: number;
}

/** Access to existing resources during the deployment. */
export interface Live {
  /** A resource, or a child resource, as GET returns it. */
  existing(id: string): JsonObject | undefined;
  /** The result of `listKeys` for the id or name of an account; `undefined` if there is none. */
  keys(idOrName: string): Json | undefined;
}

export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** JSON path in the template. */
  readonly path: string;
  readonly apiVersion: string;
}

export interface TemplatePlan {
  /** In the order of creation; `bodyOf` uses the same index. */
  readonly resources: readonly PlannedResource[];
}

/** A resource as far as it is known before the others are created. */
export interface Forecast {
  readonly body: JsonObject;
  /** JSON paths of values that become known during the deployment. */
  readonly unknown: readonly string[];
}

export interface TemplateSession {
  /** @throws InvalidTemplate if a value can never be known */
  plan(): TemplatePlan;
  /**
   * A resource of the plan, ready to be created now.
   * @throws InvalidTemplate
   */
  bodyOf(index: number): JsonObject;
  forecastOf(index: number): Forecast;
  /** `{name: {type, value}}` */
  outputs(): JsonObject;
}

export function openSession(job: TemplateJob, live: Live): TemplateSession {
  const parameters = new Map<string, Value>(Object.entries(job.parameters));
  const presets = new Map<string, Value>();
  let stepsLeft: number = limits.deploymentStepsMax;
  let charsLeft: number = limits.deploymentCharsMax;
  let order: readonly number[] = [];

  const expand = (): { expanded: ExpandedTemplate; budget: Budget } => {
    const budget = budgetOf(Math.min(limits.templateStepsMax, stepsLeft));
    const seen = new Map<string, JsonObject | undefined>();
    const existing = (id: string): ValueObject | undefined => {
      const key = id.toLowerCase();
      if (!seen.has(key)) seen.set(key, live.existing(id));
      return seen.get(key);
    };
    const functions = { ...cidrFunctions, ...liveFunctions(job.nowMillis, live) };
    const { template, scope } = job;
    const expanded = expandTemplate(template, {
      file,
      parameters,
      scope,
      functions,
      existing,
      budget,
      presets,
      isSettled,
    });
    return { expanded, budget };
  };

  let current: ReturnType<typeof expand> | undefined;
  const latest = (): ExpandedTemplate => (current ??= expand()).expanded;
  const renew = (): ExpandedTemplate => {
    if (current !== undefined) stepsLeft -= current.budget.steps - Math.max(0, current.budget.left);
    current = undefined;
    return latest();
  };

  const written = (value: Value, check: Check): Json => {
    charsLeft -= measureOf(value).chars;
    if (charsLeft < 0)
      throw invalid(`the resources and outputs have more than ${limits.deploymentCharsMax} characters as JSON`);
    return plainJson(value, '', check);
  };

  const resourceAt = (expanded: ExpandedTemplate, index: number): TemplateResource => expanded.resources[order[index]];

  return {
    plan: () =>
      asArmError(() => {
        const expanded = latest();
        const [refused] = expanded.unresolved;
        if (refused !== undefined) throw unresolvedError(refused.problem, refused.type);
        const [linked] = expanded.linked;
        if (linked !== undefined)
          throw new ArmError(
            'InvalidTemplate',
            `The template of the nested deployment '${linked.name}' is a link, which is not followed.`,
            { target: linked.path },
          );
        const { resources } = expanded;
        if (resources.length > limits.deploymentResourcesMax)
          throw invalid(
            `there are ${resources.length} resources; at most ${limits.deploymentResourcesMax} are permitted`,
          );
        for (const resource of resources)
          forEachUnresolved(resource.body(), (problem) => {
            if (!staysWritten(problem, resource)) refuseNow(problem, resource);
          });
        forEachUnresolved(expanded.outputs(), (problem) => refuseNow(problem));
        order = deploymentOrder(expanded);
        return {
          resources: order.map((at) => {
            const { type, name, id, path } = resources[at];
            return { type, name, id, path, apiVersion: scalarText(resources[at].body()['apiVersion']) };
          }),
        };
      }),
    bodyOf: (index) =>
      asArmError(() => {
        let resource = resourceAt(latest(), index);
        resource.body();
        if (resource.isDependent()) resource = resourceAt(renew(), index);
        return written(resource.body(), (problem) => {
          if (staysWritten(problem, resource)) return problem.expression;
          throw unresolvedError(problem, nameOf(resource));
        }) as JsonObject;
      }),
    forecastOf: (index) =>
      asArmError(() => {
        const unknown: string[] = [];
        const body = written(resourceAt(latest(), index).body(), (_, path) => {
          unknown.push(path);
          return null;
        });
        return { body: body as JsonObject, unknown };
      }),
    outputs: () =>
      asArmError(
        () =>
          written(renew().outputs(), (problem) => {
            throw unresolvedError(problem);
          }) as JsonObject,
      ),
  };
}

/** A resource of an unknown type has no further values after it is created. */
function isSettled(type: string): boolean {
  return resourceTypeNamed(type) === undefined && parentOfChild(type) === undefined;
}

const file = 'template';

/** Functions that need a running control plane. */
function liveFunctions(nowMillis: number, live: Live): FunctionTable {
  return {
    newguid: define(0, 0, () => randomUUID()),
    utcnow: define(0, 1, () => formatTime(nowMillis)),
    listkeys: define(1, 3, (call) => {
      const idOrName = text(call, 0);
      const isOwn = call.template.dependOn(idOrName);
      const keys = live.keys(idOrName);
      if (keys !== undefined) return { keys };
      throw new TemplateProblem(`listKeys() asks for ${idOrName}, which is not a storage account`, isOwn);
    }),
  };
}

/** In a resource of an unknown type, expressions that only Azure can evaluate stay as written. */
function staysWritten(problem: Unresolved, { type }: TemplateResource): boolean {
  return isSettled(type) && /\b(reference|list\w*)\s*\(/i.test(problem.expression);
}

function refuseNow(problem: Unresolved, resource?: TemplateResource): void {
  if (!problem.isLater) throw unresolvedError(problem, nameOf(resource));
}

function forEachUnresolved(value: Value, found: (problem: Unresolved) => void): void {
  if (value instanceof Unresolved) found(value);
  else if (isArray(value)) for (const item of value) forEachUnresolved(item, found);
  else if (isObject(value)) for (const key of Object.keys(value)) forEachUnresolved(value[key], found);
}

/** Returns the replacement of an expression without a value. */
type Check = (problem: Unresolved, path: string) => Json;

function plainJson(value: Value, path: string, check: Check): Json {
  if (value instanceof Unresolved) return check(value, path);
  if (isArray(value)) return value.map((item, index) => plainJson(item, `${path}[${index}]`, check));
  if (!isObject(value)) return value;
  const made: Record<string, Json> = {};
  for (const key of Object.keys(value))
    Object.defineProperty(made, key, {
      value: plainJson(value[key], path === '' ? key : `${path}.${key}`, check),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return made;
}

function nameOf(resource: TemplateResource | undefined): string {
  return resource === undefined ? '' : `${resource.type}/${resource.name}`;
}

/** @param name of its resource, '' for none */
function unresolvedError({ where, expression, reason }: Unresolved, name = ''): ArmError {
  const at = where.slice(`${file}: `.length);
  const whose = name === '' ? '' : ` of the resource '${name}'`;
  return new ArmError(
    'InvalidTemplate',
    `Deployment template validation failed: ${at}${whose}: cannot resolve ${expression}: ${reason}.`,
    { target: at },
  );
}

function invalid(reason: string): ArmError {
  return new ArmError('InvalidTemplate', `Deployment template validation failed: ${reason}.`);
}

/** @throws ArmError for all faults of the template */
function asArmError<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') throw invalid(error.message);
    if (error instanceof RangeError) throw invalid('a value is too large or nested too deep');
    throw error;
  }
}
