/**
 * The evaluator: resolves the expressions of a template. Parameters and variables are evaluated once, at their first
 * use. An expression that cannot be resolved becomes an `Unresolved` value. The evaluator is pure: no clock, no random
 * values, no requests.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Call, FunctionTable, TemplateView } from './call.ts';
import { memberOf } from './collection-functions.ts';
import type { Meter } from './measure.ts';
import { isMeasured, lookSteps, measureOf } from './measure.ts';
import type { Expression } from './parse.ts';
import { expressionText, literalText, parseExpression } from './parse.ts';
import type { Scope } from './scope.ts';
import type { Json, JsonObject, Value, ValueObject } from './value.ts';
import { TemplateProblem, Unresolved, describeValue, isArray, isObject, newObject, scalarText } from './value.ts';

/** Shared by all templates of one file: functions and remaining limits. */
export interface Evaluator {
  readonly file: string;
  readonly functions: FunctionTable;
  /** Finds deployed resources by id; searched before the template's own resources. */
  readonly existing: (id: string) => ValueObject | undefined;
  readonly isSettled: (type: string) => boolean;
  readonly budget: Budget;
  /**
   * Generated values of missing parameters, by template and name: they are kept when the template is evaluated again.
   */
  readonly presets: Map<string, Value>;
  depth: number;
  /** How often an expression used a value that is known only after a resource of the template is created. */
  dependences: number;
  /**
   * The same, without deployments: any property of these resources can appear later, while outputs of deployments are
   * known by name.
   */
  laters: number;
  /** Ids of resources of the template that must be created before this one. */
  readonly asked: string[];
}

/** Limits of an evaluation, and what it has used. */
export interface Budget {
  readonly steps: number;
  left: number;
  /** Characters and elements of texts, arrays and objects created by functions. */
  made: number;
}

/** One template: the file's, or an inner-scope nested deployment's. */
export interface TemplateState {
  readonly evaluator: Evaluator;
  readonly body: JsonObject;
  /** JSON path of the template in its file; '' for the file's own template, otherwise it ends with a dot. */
  readonly path: string;
  readonly scope: Scope;
  /** Values of parameters by name in lower case. */
  readonly given: ReadonlyMap<string, Value>;
  readonly known: Map<string, Value>;
  /** Parameters and variables in evaluation, to detect circular references. */
  readonly busy: Set<string>;
  /** Whether one of its parameters depends on a resource of the surrounding template. */
  isDependent: boolean;
  /** The result of `reference`; `undefined` if the template does not have the resource. */
  lookUp: (idOrName: string, hasVersion: boolean) => ValueObject | undefined;
  /** The id of a resource of the template. */
  declares: (idOrName: string) => string | undefined;
}

/** One iteration of a `copy` loop, with its outer loops. */
export interface Loop {
  readonly name: string;
  readonly index: number;
  /** Whether it is a resource loop, which `copyIndex()` without a name refers to. */
  readonly ofResource: boolean;
  readonly outer: Loop | undefined;
}

interface LambdaScope {
  readonly names: readonly string[];
  readonly args: readonly Value[];
  readonly outer: LambdaScope | undefined;
}

/** The context of an expression. */
export interface Frame {
  readonly state: TemplateState;
  readonly loop: Loop | undefined;
  readonly lambda?: LambdaScope | undefined;
}

export function createTemplateState(
  evaluator: Evaluator,
  body: JsonObject,
  path: string,
  scope: Scope,
  given: ReadonlyMap<string, Value>,
): TemplateState {
  const lookUp = (): undefined => undefined;
  const declares = (): undefined => undefined;
  return {
    evaluator,
    body,
    path,
    scope,
    given,
    known: new Map(),
    busy: new Set(),
    isDependent: false,
    lookUp,
    declares,
  };
}

/**
 * `json` with all expressions resolved.
 * @param path its place in the file, for messages
 */
export function evaluateValue(frame: Frame, json: Json, path: string): Value {
  const evaluator = frame.state.evaluator;
  spend(evaluator, 1);
  if (typeof json === 'string') return evaluateText(frame, json, path);
  if (typeof json !== 'object' || json === null) return json;
  return deeper(evaluator, () => {
    const made = Array.isArray(json)
      ? json.map((item: Json, index) => evaluateValue(frame, item, `${path}[${index}]`))
      : evaluateObject(frame, json as JsonObject, path);
    return checkSize(frame, made, path);
  });
}

/** @throws network-invalid if the value is too large */
function checkSize(frame: Frame, made: Value, path: string): Value {
  const problem = sizeProblem(made);
  if (problem !== undefined)
    throw new FlowError('network-invalid', `${frame.state.evaluator.file}: ${path} ${problem}`);
  return made;
}

function sizeProblem(value: Value): string | undefined {
  const { chars, depth } = measureOf(value);
  if (chars > limits.templateValueCharsMax) return `has more than ${limits.templateValueCharsMax} characters as JSON`;
  return depth > limits.templateDepthMax ? `is nested deeper than ${limits.templateDepthMax} levels` : undefined;
}

function evaluateObject(frame: Frame, json: JsonObject, path: string): ValueObject {
  const made = newObject();
  for (const key of Object.keys(json)) {
    if (key.toLowerCase() === 'copy' && isCopyList(json[key])) {
      for (const [index, copy] of json[key].entries())
        made[scalarText(copy['name'])] = evaluateCopies(frame, copy, `${path}.${key}[${index}]`);
      continue;
    }
    const name = evaluateText(frame, key, path);
    made[typeof name === 'string' ? name : key] = evaluateValue(frame, json[key], `${path}.${key}`);
  }
  return made;
}

/** Whether a value is the `copy` of property or variable loops: `[{name, count, input}]`. */
export function isCopyList(json: Json): json is readonly JsonObject[] {
  return (
    Array.isArray(json) &&
    json.length > 0 &&
    json.every((item: Json) => isObject(item) && 'name' in item && 'count' in item && 'input' in item)
  );
}

/** The array of a property or variable loop. */
export function evaluateCopies(frame: Frame, copy: JsonObject, path: string): Value {
  const count = evaluateCount(frame, copy['count'], `${path}.count`);
  if (count instanceof Unresolved) return count;
  const name = scalarText(copy['name']);
  const made = Array.from({ length: count }, (_, index) =>
    evaluateValue(
      { ...frame, loop: { name, index, ofResource: false, outer: frame.loop } },
      copy['input'],
      `${path}.input`,
    ),
  );
  return checkSize(frame, made, path);
}

/** The number of iterations of a loop. */
export function evaluateCount(frame: Frame, json: Json | undefined, path: string): number | Unresolved {
  const count = evaluateValue(frame, json ?? null, path);
  if (count instanceof Unresolved) return count;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= limits.templateCopiesMax)
    return count;
  const shown = typeof count === 'number' ? String(count) : describeValue(count);
  return unresolved(frame, path, scalarText(json), `a copy count is ${shown}, not 0 to ${limits.templateCopiesMax}`);
}

/** Cost of a failing expression in steps: its error has a stack trace and a sentence. */
const problemSteps = 32;

/** A string of the template: the value of its expression, or the text itself. */
export function evaluateText(frame: Frame, source: string, path: string): Value {
  const inner = expressionText(source);
  if (inner === undefined) return literalText(source);
  const { evaluator } = frame.state;
  spend(evaluator, source.length >>> 5);
  const before = evaluator.laters;
  try {
    return evaluateExpression(frame, parseExpression(inner));
  } catch (problem) {
    const isLater = evaluator.laters > before;
    spend(evaluator, problemSteps);
    if (problem instanceof TemplateProblem)
      return unresolved(frame, path, source, problem.message, problem.isLater ?? isLater);
    if (problem instanceof RangeError) return unresolved(frame, path, source, 'a value is too large');
    throw problem;
  }
}

export function unresolved(frame: Frame, path: string, source: string, reason: string, isLater = false): Unresolved {
  return new Unresolved(`${frame.state.evaluator.file}: ${path}`, shorten(source), shorten(reason), isLater);
}

function shorten(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function evaluateExpression(frame: Frame, expression: Expression): Value {
  const evaluator = frame.state.evaluator;
  spend(evaluator, 1);
  if (expression.kind === 'literal') return expression.value;
  return deeper(evaluator, () => {
    const value = expression.kind === 'index' ? evaluateMember(frame, expression) : evaluateCall(frame, expression);
    if (value instanceof Unresolved) throw new TemplateProblem(value.reason, value.isLater);
    return value;
  });
}

function evaluateMember(frame: Frame, expression: Extract<Expression, { kind: 'index' }>): Value {
  const target = evaluateExpression(frame, expression.target);
  const key = evaluateExpression(frame, expression.index);
  const found = memberOf(target, key, meterOf(frame.state.evaluator));
  if (found !== undefined) return found;
  if (isArray(target)) throw new TemplateProblem(`index ${scalarText(key)} is outside an array of ${target.length}`);
  if (isObject(target)) throw new TemplateProblem(`there is no property '${scalarText(key)}'`);
  throw new TemplateProblem(`'${scalarText(key)}' is read from ${describeValue(target)}`);
}

function evaluateCall(frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Value {
  const lower = expression.name.toLowerCase();
  if (lower.includes('.')) return callUserFunction(frame, expression);
  const functions = frame.state.evaluator.functions;
  if (!Object.hasOwn(functions, lower))
    throw new TemplateProblem(`the function ${expression.name}() is not known`, false);
  const { least, most, run } = functions[lower];
  const count = expression.args.length;
  if (count < least || count > most)
    throw new TemplateProblem(`${expression.name}() takes ${arity(least, most)}, not ${count}`);
  return countNew(frame.state.evaluator, expression.name, run(createCall(frame, expression)));
}

/**
 * The result of a function, counted if it is new.
 * @throws TemplateProblem if it is too large
 */
function countNew(evaluator: Evaluator, name: string, value: Value): Value {
  if (typeof value === 'string') {
    spend(evaluator, value.length >>> 6);
    evaluator.budget.made += value.length;
  }
  if (typeof value !== 'object' || value === null || value instanceof Unresolved || isMeasured(value)) return value;
  const problem = sizeProblem(value);
  if (problem !== undefined) throw new TemplateProblem(`the result of ${name}() ${problem}`);
  const { entries } = measureOf(value);
  spend(evaluator, entries >>> 1);
  evaluator.budget.made += entries;
  return value;
}

function arity(least: number, most: number): string {
  if (most === Infinity) return `${least} or more arguments`;
  return least === most ? `${least} argument${least === 1 ? '' : 's'}` : `${least} to ${most} arguments`;
}

function meterOf(evaluator: Evaluator): Meter {
  return { spend: (steps) => spend(evaluator, steps) };
}

function createCall(frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Call {
  const values: Value[] = [];
  return {
    name: expression.name,
    count: expression.args.length,
    ...meterOf(frame.state.evaluator),
    template: viewOf(frame),
    value(index) {
      const known = values[index];
      if (known !== undefined) return known;
      const value = evaluateExpression(frame, expression.args[index]);
      spend(frame.state.evaluator, lookSteps(value));
      values[index] = value;
      return value;
    },
    lambda(index) {
      const argument = expression.args[index];
      if (argument.kind !== 'call' || argument.name.toLowerCase() !== 'lambda' || argument.args.length === 0)
        throw new TemplateProblem(`argument ${index + 1} of ${expression.name}() is not a lambda`);
      spend(frame.state.evaluator, argument.args.length >>> 2);
      const names = argument.args.slice(0, -1).map((name) => (name.kind === 'literal' ? String(name.value) : ''));
      const body = argument.args[argument.args.length - 1];
      return (args) => evaluateExpression({ ...frame, lambda: { names, args, outer: frame.lambda } }, body);
    },
    lambdaVariable(name) {
      for (let scope = frame.lambda; scope !== undefined; scope = scope.outer) {
        const at = scope.names.indexOf(name);
        if (at >= 0 && at < scope.args.length) return scope.args[at];
      }
      throw new TemplateProblem(`there is no lambda variable '${name}'`);
    },
  };
}

function viewOf(frame: Frame): TemplateView {
  const state = frame.state;
  return {
    scope: state.scope,
    parameter(name) {
      if (state.isDependent) state.evaluator.dependences++;
      return once(state, `parameter '${name}'`, () => findParameter(state, name));
    },
    variable: (name) => once(state, `variable '${name}'`, () => findVariable(state, name)),
    copyIndex(name) {
      for (let loop = frame.loop; loop !== undefined; loop = loop.outer)
        if (name === undefined ? loop.ofResource : isName(state.evaluator, loop.name, name)) return loop.index;
      throw new TemplateProblem(
        name === undefined ? 'copyIndex() outside a copy loop' : `there is no copy loop '${name}'`,
      );
    },
    dependOn(idOrName) {
      const id = state.declares(idOrName);
      if (id === undefined) return false;
      state.evaluator.dependences++;
      state.evaluator.laters++;
      state.evaluator.asked.push(id);
      return true;
    },
    reference(idOrName, full, hasVersion) {
      const body = state.lookUp(idOrName, hasVersion);
      if (body === undefined)
        throw new TemplateProblem(
          `reference() asks for ${idOrName}, which is not in the template; only Azure knows it`,
          false,
        );
      return full ? body : (memberOf(body, 'properties', meterOf(state.evaluator)) ?? newObject());
    },
  };
}

/** Evaluates a parameter or variable at its first use; circular references are refused. */
function once(state: TemplateState, what: string, find: () => Value): Value {
  const key = what.toLowerCase();
  const known = state.known.get(key);
  if (known !== undefined) return passOn(what, known);
  if (state.busy.has(key)) throw new TemplateProblem(`${what} depends on itself`, false);
  state.busy.add(key);
  try {
    const value = find();
    state.known.set(key, value);
    return passOn(what, value);
  } finally {
    state.busy.delete(key);
  }
}

function passOn(what: string, value: Value): Value {
  if (value instanceof Unresolved)
    throw new TemplateProblem(`${what} is ${value.expression}: ${value.reason}`, value.isLater);
  return value;
}

function findParameter(state: TemplateState, name: string): Value {
  const given = state.given.get(name.toLowerCase());
  if (given !== undefined) return given;
  const { evaluator } = state;
  const declared = memberOf(asObject(state.body['parameters']), name, meterOf(evaluator));
  if (!isObject(declared)) throw new TemplateProblem(`the template declares no parameter '${name}'`, false);
  const preset = memberOf(declared, 'defaultValue', meterOf(evaluator));
  if (preset !== undefined) {
    const key = `${state.path}${state.scope.deployment} ${name.toLowerCase()}`;
    const known = evaluator.presets.get(key);
    if (known !== undefined) return known;
    const at = `${state.path}parameters.${name}.defaultValue`;
    const value = evaluateValue({ state, loop: undefined }, preset as Json, at);
    evaluator.presets.set(key, value);
    return value;
  }
  if (memberOf(declared, 'nullable', meterOf(evaluator)) === true) return null;
  throw new TemplateProblem(`parameter '${name}' has no value and no default; give it in a parameters file`, false);
}

function findVariable(state: TemplateState, name: string): Value {
  const variables = asObject(state.body['variables']);
  const frame: Frame = { state, loop: undefined };
  const copies = variables['copy'];
  if (isArray(copies)) spend(state.evaluator, copies.length >>> 2);
  if (copies !== undefined && isCopyList(copies)) {
    const copy = copies.find((copy) => isName(state.evaluator, scalarText(copy['name']), name));
    if (copy !== undefined) return evaluateCopies(frame, copy, `${state.path}variables.copy`);
  }
  const declared = memberOf(variables, name, meterOf(state.evaluator));
  if (declared === undefined) throw new TemplateProblem(`the template declares no variable '${name}'`, false);
  return evaluateValue(frame, declared as Json, `${state.path}variables.${name}`);
}

/** `namespace.name(…)`, declared in the template's `functions`. It can use only its own parameters. */
function callUserFunction(frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Value {
  const state = frame.state;
  const [namespace, name] = expression.name.toLowerCase().split('.');
  const spaces = state.body['functions'];
  if (isArray(spaces)) spend(state.evaluator, spaces.length >>> 2);
  const space = (isArray(spaces) ? spaces : []).find(
    (item) => isObject(item) && isName(state.evaluator, scalarText(item['namespace']), namespace),
  );
  const member =
    isObject(space) && isObject(space['members'])
      ? memberOf(space['members'], name, meterOf(state.evaluator))
      : undefined;
  if (!isObject(member)) throw new TemplateProblem(`the function ${expression.name}() is not known`);
  const declared = isArray(member['parameters']) ? member['parameters'] : [];
  const given = new Map<string, Value>();
  declared.slice(0, expression.args.length).forEach((parameter, index) => {
    if (isObject(parameter))
      given.set(scalarText(parameter['name']).toLowerCase(), evaluateExpression(frame, expression.args[index]));
  });
  const own = createTemplateState(state.evaluator, {}, state.path, state.scope, given);
  const output = isObject(member['output']) ? member['output']['value'] : undefined;
  return evaluateValue(
    { state: own, loop: undefined },
    (output ?? null) as Json,
    `${state.path}functions.${expression.name}`,
  );
}

/** Whether two names of a template are equal, ignoring case. */
function isName(evaluator: Evaluator, a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  spend(evaluator, a.length >>> 5);
  return a.toLowerCase() === b.toLowerCase();
}

export function asObject(json: Json | undefined): JsonObject {
  return isObject(json) ? json : {};
}

/** @throws network-invalid if the file has no steps left */
export function spend(evaluator: Evaluator, steps: number): void {
  const { budget } = evaluator;
  budget.left = Math.max(-1, budget.left - steps);
  if (budget.left < 0)
    throw new FlowError(
      'network-invalid',
      `${evaluator.file}: the template takes more than ${budget.steps} steps to evaluate`,
    );
}

function deeper<T>(evaluator: Evaluator, run: () => T): T {
  if (evaluator.depth >= limits.templateDepthMax) throw new TemplateProblem('nested too deep');
  evaluator.depth++;
  try {
    return run();
  } finally {
    evaluator.depth--;
  }
}
