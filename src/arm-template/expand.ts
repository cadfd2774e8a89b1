/**
 * Expands a template to its resources: loops, conditions, child resources and inline nested deployments. A resource's
 * body is evaluated on demand, so unused parts may be unresolvable.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { withoutEnd } from '../base/text.ts';
import type { FunctionTable } from './call.ts';
import type { Budget, Evaluator, Frame, Loop, TemplateState } from './evaluate.ts';
import {
  asObject,
  createTemplateState,
  evaluateCopies,
  evaluateCount,
  evaluateText,
  evaluateValue,
  spend,
  unresolved,
} from './evaluate.ts';
import { templateFunctions } from './functions.ts';
import { measureOf, walkSteps } from './measure.ts';
import { parameterValues } from './parameters.ts';
import { expressionText } from './parse.ts';
import { providerPath, resourceIdOf, resourceKey } from './resource-id.ts';
import type { Scope } from './scope.ts';
import type { Json, JsonObject, Value, ValueObject } from './value.ts';
import { TemplateProblem, Unresolved, isArray, isObject, newObject, scalarText } from './value.ts';

/** Cost of a resource in steps, so that nested loops stop before memory is exhausted. */
const stepsPerResource = 50;

export interface TemplateResource {
  /** `Microsoft.Network/virtualNetworks/subnets`, in the template's casing. */
  readonly type: string;
  /** All parts of the name: `vnet/subnet`. */
  readonly name: string;
  readonly id: string;
  /** JSON path in the file. */
  readonly path: string;
  /** Name of its `copy` loop, and its symbolic name; '' for none. */
  readonly loop: string;
  readonly symbol: string;
  /**
   * Ids, names, symbolic names or loop names that must be created before it.
   * @throws network-invalid if one cannot be resolved
   */
  dependsOn(): readonly string[];
  /**
   * The resource without loop, condition and children; evaluated once.
   * @throws network-invalid if it is nested too deep
   */
  body(): ValueObject;
  /**
   * Whether the body uses values that are known only after other resources of the template are created. Valid after
   * `body`.
   */
  isDependent(): boolean;
  /** Ids of resources of the template that the body refers to. Valid after `body`. */
  references(): readonly string[];
}

export interface ExpandedTemplate {
  readonly resources: TemplateResource[];
  /** Resources whose type, name, loop or condition cannot be resolved; `type` is '' if the type cannot be resolved. */
  readonly unresolved: { readonly type: string; readonly problem: Unresolved }[];
  /** Nested deployments with a linked template, which is not loaded. */
  readonly linked: { readonly name: string; readonly path: string }[];
  /** The template's outputs, `{name: {type, value}}`; evaluated on demand. */
  outputs(): ValueObject;
}

export interface TemplateOptions {
  /** For messages. */
  readonly file: string;
  /** By name in lower case; see `readParameters`. */
  readonly parameters: ReadonlyMap<string, Value>;
  readonly scope: Scope;
  /** Additional functions, by name in lower case. */
  readonly functions?: FunctionTable;
  /** Finds deployed resources for `reference`; searched before the template's own resources. */
  readonly existing?: (id: string) => ValueObject | undefined;
  /** Types whose resources have no properties beyond those in the template, before and after they are created. */
  readonly isSettled?: (type: string) => boolean;
  /** Shared by all evaluations of one template; if absent, each has `templateStepsMax`. */
  readonly budget?: Budget;
  /** See `Evaluator`. */
  readonly presets?: Map<string, Value>;
}

/** @throws network-invalid if the template is malformed or too large to evaluate */
export function expandTemplate(template: JsonObject, options: TemplateOptions): ExpandedTemplate {
  const evaluator: Evaluator = {
    file: options.file,
    functions: { ...templateFunctions, ...options.functions },
    existing: options.existing ?? (() => undefined),
    isSettled: options.isSettled ?? (() => false),
    budget: options.budget ?? budgetOf(limits.templateStepsMax),
    presets: options.presets ?? new Map(),
    depth: 0,
    dependences: 0,
    laters: 0,
    asked: [],
  };
  const state = createTemplateState(evaluator, template, '', options.scope, options.parameters);
  const outputs = (): ValueObject =>
    guarded(options.file, () => countWritten(evaluator, evaluateOutputs(place, template, '')));
  const expanded: ExpandedTemplate = { resources: [], unresolved: [], linked: [], outputs };
  const place: Place = { state, scope: options.scope, loop: undefined, expanded, ...ownResources(state) };
  guarded(options.file, () => expandList(place, template, ''));
  return expanded;
}

export function budgetOf(steps: number): Budget {
  return { steps, left: steps, made: 0 };
}

/**
 * Counts a value at its full JSON size, because callers print or store it.
 * @returns the value
 */
function countWritten<T extends Value>(evaluator: Evaluator, value: T): T {
  const { chars } = measureOf(value);
  if (chars > limits.templateValueCharsMax)
    throw new TemplateProblem(`its outputs have more than ${limits.templateValueCharsMax} characters as JSON`);
  spend(evaluator, walkSteps(value));
  return value;
}

/** A list of resources in the template. */
interface Place {
  readonly state: TemplateState;
  /** Scope of its resources; in an outer-scope nested deployment it differs from that of its expressions. */
  readonly scope: Scope;
  readonly loop: Loop | undefined;
  readonly expanded: ExpandedTemplate;
  /** Bodies that `reference` finds in this template: by id, name and symbolic name, in lower case. */
  readonly found: Map<string, Own>;
  /**
   * Nested deployments of this template, expanded after all its resources are known, because their parameters can refer
   * to any of them.
   */
  readonly deployments: (() => ValueObject)[];
  readonly parent?: { readonly type: string; readonly name: string };
}

interface Own {
  readonly id: string;
  readonly isDeployment: boolean;
  readonly isSettled: boolean;
  readonly body: () => ValueObject;
}

function ownResources(state: TemplateState): Pick<Place, 'found' | 'deployments'> {
  const found: Place['found'] = new Map();
  const { evaluator } = state;
  state.declares = (idOrName) => found.get(resourceKey(wholeId(state.scope, idOrName)))?.id;
  state.lookUp = (idOrName, hasVersion) => {
    const whole = wholeId(state.scope, idOrName);
    const own = found.get(resourceKey(whole));
    if (own !== undefined && !own.isSettled) {
      evaluator.dependences++;
      if (!own.isDeployment) evaluator.laters++;
    }
    const existing = evaluator.existing(own?.id ?? whole);
    if (own !== undefined && !(hasVersion && existing !== undefined)) evaluator.asked.push(own.id);
    return own?.isDeployment === true ? own.body() : (existing ?? own?.body());
  };
  return { found, deployments: [] };
}

/** `Microsoft.Network/virtualNetworks/vnet` refers to a resource of the deployment's resource group. */
function wholeId(scope: Scope, idOrName: string): string {
  return /^[A-Za-z][\w-]*\.[\w.-]+(\/[^/]+){2,}$/.test(idOrName)
    ? `/subscriptions/${scope.subscriptionId}/resourceGroups/${scope.resourceGroup}/providers/${idOrName}`
    : idOrName;
}

function expandList(place: Place, template: JsonObject, path: string): void {
  expandResources(place, template, path);
  for (const expandOne of place.deployments.splice(0)) expandOne();
}

function expandResources(place: Place, template: JsonObject, path: string): void {
  const listed = template['resources'] ?? [];
  if (typeof listed !== 'object' || listed === null)
    throw new FlowError(
      'network-invalid',
      `${place.state.evaluator.file}: ${path}resources is neither an array nor an object`,
    );
  const entries: (readonly [string, Json])[] = Array.isArray(listed)
    ? listed.map((item: Json, index) => [`${path}resources[${index}]`, item] as const)
    : Object.keys(listed).map((symbol) => [`${path}resources.${symbol}`, (listed as JsonObject)[symbol]] as const);
  for (const [entryPath, item] of entries) {
    if (!isObject(item))
      throw new FlowError('network-invalid', `${place.state.evaluator.file}: ${entryPath} is not an object`);
    const symbol = Array.isArray(listed) ? undefined : entryPath.slice(entryPath.lastIndexOf('.') + 1);
    expandLoop(place, item, entryPath, symbol);
  }
}

function expandLoop(place: Place, resource: JsonObject, path: string, symbol: string | undefined): void {
  const copy = resource['copy'];
  if (!isObject(copy)) {
    expandResource(place, resource, path, symbol);
    return;
  }
  const frame: Frame = place;
  const count = evaluateCount(frame, copy['count'], `${path}.copy.count`);
  if (count instanceof Unresolved) {
    refuse(place, resource, count);
    return;
  }
  const name = scalarText(copy['name']);
  for (let index = 0; index < count; index++) {
    const loop: Loop = { name, index, ofResource: true, outer: place.loop };
    expandResource({ ...place, loop }, resource, path, symbol);
  }
}

function expandResource(place: Place, resource: JsonObject, path: string, symbol: string | undefined): void {
  if (resource['existing'] === true) return;
  spend(place.state.evaluator, stepsPerResource);
  const condition = evaluateValue(place, resource['condition'] ?? true, `${path}.condition`);
  if (condition instanceof Unresolved) return refuse(place, resource, condition);
  if (condition === false) return;
  const type = evaluateText(place, scalarText(resource['type']), `${path}.type`);
  if (type instanceof Unresolved) return refuse(place, resource, type);
  const name = evaluateText(place, scalarText(resource['name']), `${path}.name`);
  if (name instanceof Unresolved) return refuse(place, resource, name);
  const fullType = joinType(place.parent?.type, scalarText(type));
  const fullName = place.parent === undefined ? scalarText(name) : `${place.parent.name}/${scalarText(name)}`;
  const names = fullName.split('/');
  if (fullType.split('/').filter((part) => part !== '').length - 1 !== names.length) {
    const reason = `the name '${fullName}' has ${names.length} part${names.length === 1 ? '' : 's'}, which do not fit the type ${fullType}`;
    return refuse(place, resource, unresolved(place, `${path}.name`, scalarText(resource['name']), reason));
  }
  const isDeployment = fullType.toLowerCase() === 'microsoft.resources/deployments';
  const scope = isDeployment ? nestedScope(place, resource, path, fullName) : place.scope;
  const isSettled = place.state.evaluator.isSettled(fullType);
  const extended = evaluateValue(place, resource['scope'] ?? '', `${path}.scope`);
  const id =
    typeof extended === 'string' && extended.startsWith('/')
      ? `${withoutEnd(extended, '/')}${providerPath(fullType, names)}`
      : resourceIdOf(scope, fullType, names);
  let isDependent = false;
  let references: readonly string[] = [];
  const { evaluator } = place.state;
  const body = lazily(id, () => {
    const before = evaluator.dependences;
    const asked = evaluator.asked.length;
    const made = isDeployment
      ? expandDeployment(place, scope, resource, path, fullName)
      : evaluateBody(place, resource, path);
    isDependent = evaluator.dependences > before;
    references = [...new Set(evaluator.asked.slice(asked))];
    return countWritten(evaluator, made);
  });
  place.expanded.resources.push({
    type: fullType,
    name: fullName,
    id,
    path,
    loop: place.loop?.ofResource === true ? place.loop.name : '',
    symbol: symbol ?? '',
    dependsOn: () => evaluateDependencies(place, resource, path),
    body: () => guarded(evaluator.file, body),
    isDependent: () => isDependent,
    references: () => references,
  });
  for (const key of [id, fullName, symbol])
    if (key !== undefined) place.found.set(resourceKey(key), { id, isDeployment, isSettled, body });
  if (isDeployment) place.deployments.push(body);
  if (resource['resources'] !== undefined) {
    expandResources({ ...place, parent: { type: fullType, name: fullName } }, resource, `${path}.`);
  }
}

function refuse(place: Place, resource: JsonObject, problem: Unresolved): void {
  const written = scalarText(resource['type']);
  const type = expressionText(written) === undefined ? written : '';
  place.expanded.unresolved.push({ type: type === '' ? '' : joinType(place.parent?.type, type), problem });
}

/** A child resource has only the last part of its type, or the full type. */
function joinType(parent: string | undefined, type: string): string {
  if (parent === undefined || type.toLowerCase().startsWith(`${parent.toLowerCase()}/`)) return type;
  return `${parent}/${type}`;
}

const ownKeys = new Set(['copy', 'condition', 'resources', 'dependson', 'comments', 'metadata']);

function evaluateBody(frame: Frame, resource: JsonObject, path: string): ValueObject {
  const body = newObject();
  for (const key of Object.keys(resource))
    if (!ownKeys.has(key.toLowerCase())) body[key] = evaluateValue(frame, resource[key], `${path}.${key}`);
  return body;
}

function evaluateDependencies(frame: Frame, resource: JsonObject, path: string): string[] {
  const listed = evaluateValue(frame, resource['dependsOn'] ?? [], `${path}.dependsOn`);
  if (listed instanceof Unresolved) throw listed.error();
  return (isArray(listed) ? listed : [listed]).map((item) => {
    if (item instanceof Unresolved) throw item.error();
    return scalarText(item);
  });
}

/** Outputs with a false condition are left out. */
function evaluateOutputs(frame: Frame, template: JsonObject, path: string): ValueObject {
  const made = newObject();
  for (const [name, output] of Object.entries(asObject(template['outputs']))) {
    if (!isObject(output)) continue;
    const at = `${path}outputs.${name}`;
    if (evaluateValue(frame, output['condition'] ?? true, `${at}.condition`) === false) continue;
    const one = newObject();
    one['type'] = output['type'] ?? 'string';
    const copy = output['copy'];
    one['value'] = isObject(copy)
      ? evaluateCopies(frame, { name, ...copy }, `${at}.copy`)
      : evaluateValue(frame, output['value'] ?? null, `${at}.value`);
    made[name] = one;
  }
  return made;
}

/** The scope of a nested deployment and its resources. */
function nestedScope(place: Place, resource: JsonObject, path: string, name: string): Scope {
  const scope = { ...place.scope, deployment: name };
  const group = evaluateValue(place, resource['resourceGroup'] ?? null, `${path}.resourceGroup`);
  if (typeof group === 'string') scope.resourceGroup = group;
  const subscription = evaluateValue(place, resource['subscriptionId'] ?? null, `${path}.subscriptionId`);
  if (typeof subscription === 'string') scope.subscriptionId = subscription;
  return scope;
}

/** Expands the resources of a nested deployment; its body has only the outputs. */
function expandDeployment(place: Place, scope: Scope, resource: JsonObject, path: string, name: string): ValueObject {
  const properties = asObject(resource['properties']);
  const template = properties['template'];
  if (!isObject(template)) {
    place.expanded.linked.push({ name, path });
    return newObject();
  }
  const nestedPath = `${path}.properties.template.`;
  const options = asObject(properties['expressionEvaluationOptions']);
  const inner = scalarText(options['scope']).toLowerCase() === 'inner';
  const before = place.state.evaluator.dependences;
  const given = parameterValues(
    evaluateValue(place, properties['parameters'] ?? null, `${path}.properties.parameters`),
  );
  const isDependent = place.state.evaluator.dependences > before;
  const state = inner ? createTemplateState(place.state.evaluator, template, nestedPath, scope, given) : place.state;
  if (inner) state.isDependent = isDependent;
  const nested: Place = { ...place, state, scope, ...(inner ? ownResources(state) : { deployments: [] }) };
  const { parent: _, ...unparented } = nested;
  expandList(unparented, template, nestedPath);
  const body = newObject();
  const made = newObject();
  made['outputs'] = evaluateOutputs(nested, template, nestedPath);
  body['properties'] = made;
  return body;
}

/** Outside an expression there is no value to mark: an unresolvable part ends the import. */
function guarded<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof TemplateProblem || cause instanceof RangeError)
      throw new FlowError('network-invalid', `${file}: the template cannot be evaluated: ${cause.message}`, { cause });
    throw cause;
  }
}

function lazily(id: string, make: () => ValueObject): () => ValueObject {
  let made: ValueObject | undefined;
  let busy = false;
  return () => {
    if (made !== undefined) return made;
    if (busy)
      throw new TemplateProblem(
        `a resource refers to itself: ${id} needs its own values, which are known only if it is already deployed`,
        false,
      );
    busy = true;
    try {
      made = make();
      return made;
    } finally {
      busy = false;
    }
  };
}
