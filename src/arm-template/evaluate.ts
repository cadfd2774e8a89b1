/**
 * The evaluator: values of a template with their expressions resolved. Parameters and variables are evaluated when first asked for, and
 * once; what cannot be resolved becomes an `Unresolved` in its place. Pure: no clock, no randomness, nothing is fetched.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Call, FunctionTable, TemplateView } from './call.ts';
import { memberOf } from './collection-functions.ts';
import type { Expression } from './parse.ts';
import { expressionText, literalText, parseExpression } from './parse.ts';
import type { Scope } from './scope.ts';
import type { Json, JsonObject, Value, ValueObject } from './value.ts';
import {
  TemplateProblem,
  Unresolved,
  describeValue,
  getProperty,
  isArray,
  isObject,
  newObject,
  scalarText,
} from './value.ts';

/** What all templates of one file share: its functions, and what is left of its bounds. */
export interface Evaluator {
  readonly file: string;
  readonly functions: FunctionTable;
  /** Resources as they are deployed, by id; asked before the template's own. */
  readonly existing: (id: string) => ValueObject | undefined;
  stepsLeft: number;
  depth: number;
}

/** One template: a file's, or a nested deployment's of inner scope. */
export interface TemplateState {
  readonly evaluator: Evaluator;
  readonly body: JsonObject;
  /** JSON path of the template in its file, '' for the file's own; ends with a dot otherwise. */
  readonly path: string;
  readonly scope: Scope;
  /** Values of parameters by name in lower case. */
  readonly given: ReadonlyMap<string, Value>;
  readonly known: Map<string, Value>;
  /** Parameters and variables being evaluated: one that asks for itself is refused. */
  readonly busy: Set<string>;
  /** Answers `reference`; `undefined` where the template has no such resource. */
  lookUp: (idOrName: string) => ValueObject | undefined;
}

/** A turn of a `copy` loop, in those around it. */
export interface Loop {
  readonly name: string;
  readonly index: number;
  /** Of a resource, which `copyIndex()` without a name means. */
  readonly ofResource: boolean;
  readonly outer: Loop | undefined;
}

interface LambdaScope {
  readonly names: readonly string[];
  readonly args: readonly Value[];
  readonly outer: LambdaScope | undefined;
}

/** Where an expression stands. */
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
  return { evaluator, body, path, scope, given, known: new Map(), busy: new Set(), lookUp };
}

/** `json` with all its expressions resolved. `path` is its place in the file, for messages. */
export function evaluateValue(frame: Frame, json: Json, path: string): Value {
  const evaluator = frame.state.evaluator;
  spend(evaluator, 1);
  if (typeof json === 'string') return evaluateText(frame, json, path);
  if (typeof json !== 'object' || json === null) return json;
  return deeper(evaluator, () => {
    if (Array.isArray(json)) return json.map((item: Json, index) => evaluateValue(frame, item, `${path}[${index}]`));
    return evaluateObject(frame, json as JsonObject, path);
  });
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

/** The array that a property or variable loop makes. */
export function evaluateCopies(frame: Frame, copy: JsonObject, path: string): Value {
  const count = evaluateCount(frame, copy['count'], `${path}.count`);
  if (count instanceof Unresolved) return count;
  const name = scalarText(copy['name']);
  return Array.from({ length: count }, (_, index) =>
    evaluateValue(
      { ...frame, loop: { name, index, ofResource: false, outer: frame.loop } },
      copy['input'],
      `${path}.input`,
    ),
  );
}

/** How often a loop turns. */
export function evaluateCount(frame: Frame, json: Json | undefined, path: string): number | Unresolved {
  const count = evaluateValue(frame, json ?? null, path);
  if (count instanceof Unresolved) return count;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= limits.templateCopiesMax)
    return count;
  const shown = typeof count === 'number' ? String(count) : describeValue(count);
  return unresolved(frame, path, scalarText(json), `a copy count is ${shown}, not 0 to ${limits.templateCopiesMax}`);
}

/** A string of the template: the value of its expression, or the text itself. */
export function evaluateText(frame: Frame, source: string, path: string): Value {
  const inner = expressionText(source);
  if (inner === undefined) return literalText(source);
  try {
    return evaluateExpression(frame, parseExpression(inner));
  } catch (problem) {
    if (problem instanceof TemplateProblem) return unresolved(frame, path, source, problem.message);
    if (problem instanceof RangeError) return unresolved(frame, path, source, 'a value is too large');
    throw problem;
  }
}

export function unresolved(frame: Frame, path: string, source: string, reason: string): Unresolved {
  return new Unresolved(`${frame.state.evaluator.file}: ${path}`, shorten(source), shorten(reason));
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
    if (value instanceof Unresolved) throw new TemplateProblem(value.reason);
    return value;
  });
}

function evaluateMember(frame: Frame, expression: Extract<Expression, { kind: 'index' }>): Value {
  const target = evaluateExpression(frame, expression.target);
  const key = evaluateExpression(frame, expression.index);
  const found = memberOf(target, key);
  if (found !== undefined) return found;
  if (isArray(target)) throw new TemplateProblem(`index ${scalarText(key)} lies outside an array of ${target.length}`);
  if (isObject(target)) throw new TemplateProblem(`there is no property '${scalarText(key)}'`);
  throw new TemplateProblem(`'${scalarText(key)}' is asked of ${describeValue(target)}`);
}

function evaluateCall(frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Value {
  const lower = expression.name.toLowerCase();
  if (lower.includes('.')) return callUserFunction(frame, expression);
  const functions = frame.state.evaluator.functions;
  if (!Object.hasOwn(functions, lower)) throw new TemplateProblem(`the function ${expression.name}() is not known`);
  const { least, most, run } = functions[lower];
  const count = expression.args.length;
  if (count < least || count > most)
    throw new TemplateProblem(`${expression.name}() takes ${arity(least, most)}, not ${count}`);
  const call = createCall(frame, expression);
  const value = run(call);
  spend(frame.state.evaluator, sizeOf(value) + call.sizeOfArguments());
  return value;
}

function arity(least: number, most: number): string {
  if (most === Infinity) return `${least} or more arguments`;
  return least === most ? `${least} argument${least === 1 ? '' : 's'}` : `${least} to ${most} arguments`;
}

/** Steps that a value costs whoever makes or walks it. */
function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string') return value.length >>> 6;
  return isArray(value) ? value.length >>> 2 : 0;
}

function createCall(
  frame: Frame,
  expression: Extract<Expression, { kind: 'call' }>,
): Call & { sizeOfArguments(): number } {
  const values: Value[] = [];
  return {
    name: expression.name,
    count: expression.args.length,
    sizeOfArguments: () => values.reduce<number>((sum, value) => sum + sizeOf(value), 0),
    template: viewOf(frame),
    value(index) {
      const known = values[index];
      if (known !== undefined) return known;
      const value = evaluateExpression(frame, expression.args[index]);
      values[index] = value;
      return value;
    },
    lambda(index) {
      const argument = expression.args[index];
      if (argument.kind !== 'call' || argument.name.toLowerCase() !== 'lambda' || argument.args.length === 0)
        throw new TemplateProblem(`argument ${index + 1} of ${expression.name}() is no lambda`);
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
    parameter: (name) => once(state, `parameter '${name}'`, () => findParameter(state, name)),
    variable: (name) => once(state, `variable '${name}'`, () => findVariable(state, name)),
    copyIndex(name) {
      for (let loop = frame.loop; loop !== undefined; loop = loop.outer)
        if (name === undefined ? loop.ofResource : loop.name.toLowerCase() === name.toLowerCase()) return loop.index;
      throw new TemplateProblem(
        name === undefined ? 'copyIndex() outside a copy loop' : `there is no copy loop '${name}'`,
      );
    },
    reference(idOrName, full) {
      const body = state.lookUp(idOrName);
      if (body === undefined)
        throw new TemplateProblem(
          `reference() asks for ${idOrName}, which is not in the template; only Azure knows it`,
        );
      return full ? body : (getProperty(body, 'properties') ?? newObject());
    },
  };
}

/** Evaluates a parameter or variable at its first use, and refuses one that needs itself. */
function once(state: TemplateState, what: string, find: () => Value): Value {
  const key = what.toLowerCase();
  const known = state.known.get(key);
  if (known !== undefined) return passOn(what, known);
  if (state.busy.has(key)) throw new TemplateProblem(`${what} needs itself`);
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
  if (value instanceof Unresolved) throw new TemplateProblem(`${what} is ${value.expression}: ${value.reason}`);
  return value;
}

function findParameter(state: TemplateState, name: string): Value {
  const given = state.given.get(name.toLowerCase());
  if (given !== undefined) return given;
  const declared = getProperty(asObject(state.body['parameters']), name);
  if (!isObject(declared)) throw new TemplateProblem(`the template declares no parameter '${name}'`);
  const preset = getProperty(declared, 'defaultValue');
  if (preset !== undefined)
    return evaluateValue({ state, loop: undefined }, preset as Json, `${state.path}parameters.${name}.defaultValue`);
  if (getProperty(declared, 'nullable') === true) return null;
  throw new TemplateProblem(`parameter '${name}' has no value and no default; give it in a parameters file`);
}

function findVariable(state: TemplateState, name: string): Value {
  const variables = asObject(state.body['variables']);
  const frame: Frame = { state, loop: undefined };
  const copies = variables['copy'];
  if (copies !== undefined && isCopyList(copies)) {
    const copy = copies.find((copy) => scalarText(copy['name']).toLowerCase() === name.toLowerCase());
    if (copy !== undefined) return evaluateCopies(frame, copy, `${state.path}variables.copy`);
  }
  const declared = getProperty(variables, name);
  if (declared === undefined) throw new TemplateProblem(`the template declares no variable '${name}'`);
  return evaluateValue(frame, declared as Json, `${state.path}variables.${name}`);
}

/** `namespace.name(…)`, declared in the template's `functions`; it sees its own parameters alone. */
function callUserFunction(frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Value {
  const state = frame.state;
  const [namespace, name] = expression.name.toLowerCase().split('.');
  const spaces = state.body['functions'];
  const space = (isArray(spaces) ? spaces : []).find(
    (item) => isObject(item) && scalarText(item['namespace']).toLowerCase() === namespace,
  );
  const member = isObject(space) && isObject(space['members']) ? getProperty(space['members'], name) : undefined;
  if (!isObject(member)) throw new TemplateProblem(`the function ${expression.name}() is not known`);
  const declared = isArray(member['parameters']) ? member['parameters'] : [];
  const given = new Map<string, Value>();
  declared.forEach((parameter, index) => {
    if (isObject(parameter) && index < expression.args.length)
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

export function asObject(json: Json | undefined): JsonObject {
  return isObject(json) ? json : {};
}

/** @throws network-invalid when the file has used up its steps */
export function spend(evaluator: Evaluator, steps: number): void {
  evaluator.stepsLeft -= steps;
  if (evaluator.stepsLeft < 0)
    throw new FlowError(
      'network-invalid',
      `${evaluator.file}: the template takes more than ${limits.templateStepsMax} steps to evaluate`,
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
