/**
 * The call of a template function: its arguments, evaluated on demand, and the surrounding template. Errors name the
 * invalid argument.
 */
import { limits } from '../base/limits.ts';
import type { Meter } from './measure.ts';
import type { Scope } from './scope.ts';
import type { Value, ValueObject } from './value.ts';
import { TemplateProblem, describeValue, isArray, isObject } from './value.ts';

export interface Call extends Meter {
  readonly name: string;
  readonly count: number;
  readonly template: TemplateView;
  /**
   * Argument `index`, evaluated at the first use.
   * @throws TemplateProblem if it cannot be evaluated
   */
  value(index: number): Value;
  /** The body of argument `index`, a `lambda(…)`, as a function of its variables. */
  lambda(index: number): (args: readonly Value[]) => Value;
  /** Value of a variable of an enclosing lambda. */
  lambdaVariable(name: string): Value;
}

/** The template around an expression. Unknown names throw TemplateProblem. */
export interface TemplateView {
  readonly scope: Scope;
  parameter(name: string): Value;
  variable(name: string): Value;
  /** Index of the loop with this name; of the resource loop if it is undefined. */
  copyIndex(name: string | undefined): number;
  /**
   * `properties` of a resource, or the whole resource if `full`.
   * @param hasVersion the call has an api-version
   */
  reference(idOrName: string, full: boolean, hasVersion: boolean): Value;
  /**
   * Marks the value of this expression as known only after a resource of the template is created; false if there is no
   * such resource.
   */
  dependOn(idOrName: string): boolean;
}

export interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  readonly run: (call: Call) => Value;
}

/** By name in lower case. */
export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

export function define(least: number, most: number, run: (call: Call) => Value): TemplateFunction {
  return { least, most, run };
}

export function values(call: Call, from = 0): Value[] {
  return Array.from({ length: call.count - from }, (_, index) => call.value(from + index));
}

export function text(call: Call, index: number): string {
  const value = call.value(index);
  if (typeof value !== 'string') throw wrongArgument(call, index, 'a string');
  return value;
}

export function integer(call: Call, index: number): number {
  const value = call.value(index);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongArgument(call, index, 'an integer');
  return value;
}

export function boolean(call: Call, index: number): boolean {
  const value = call.value(index);
  if (typeof value !== 'boolean') throw wrongArgument(call, index, 'a boolean');
  return value;
}

export function list(call: Call, index: number): readonly Value[] {
  const value = call.value(index);
  if (!isArray(value)) throw wrongArgument(call, index, 'an array');
  return value;
}

export function object(call: Call, index: number): ValueObject {
  const value = call.value(index);
  if (!isObject(value)) throw wrongArgument(call, index, 'an object');
  return value;
}

/** The text of a number, a boolean or a string; booleans are `True` and `False`, as in Azure. */
export function plainText(call: Call, index: number): string {
  const value = call.value(index);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  throw wrongArgument(call, index, 'a string, number or boolean');
}

export function wrongArgument(call: Call, index: number, wanted: string): TemplateProblem {
  return new TemplateProblem(
    `argument ${index + 1} of ${call.name}() is ${describeValue(call.value(index))}, not ${wanted}`,
  );
}

/**
 * Refuses results that are too large before they are created.
 * @param parts of the text or array
 */
export function bounded<T extends readonly { readonly length: number }[]>(call: Call, parts: T): T {
  let length = 0;
  for (const part of parts) length += part.length;
  call.spend(parts.length >>> 4);
  if (length > limits.templateValueMax) throw new TemplateProblem(`${call.name}() creates a value that is too large`);
  return parts;
}

/** The text to search, after counting the cost of the search: repetitive patterns are compared at every position. */
export function searched(call: Call, whole: string, sought: string): string {
  call.spend(Math.floor((whole.length * Math.max(64, sought.length)) / 4096));
  return whole;
}
