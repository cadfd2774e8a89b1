/**
 * The values of a template: JSON, with a marker in place of each expression that cannot be resolved, so that only uses
 * of that value fail. Objects created here have no prototype: `__proto__` is a normal key.
 */
import { FlowError } from '../base/errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export type Value = null | boolean | number | string | readonly Value[] | ValueObject | Unresolved;
export interface ValueObject {
  readonly [key: string]: Value;
}

/** Marks an unresolved value: where it is, its expression, and the reason. */
export class Unresolved {
  /** File and JSON path: `net.json: resources[2].properties.addressPrefix`. */
  readonly where: string;
  /** As written, with brackets. */
  readonly expression: string;
  readonly reason: string;
  /** Whether it can have a value after resources of the template are created. */
  readonly isLater: boolean;

  constructor(where: string, expression: string, reason: string, isLater = false) {
    this.where = where;
    this.expression = expression;
    this.reason = reason;
    this.isLater = isLater;
  }

  error(): FlowError {
    return new FlowError('network-invalid', `${this.where}: cannot resolve ${this.expression}: ${this.reason}`);
  }
}

/** The failure of an expression, without its place, which the caller adds. */
export class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';
  /** See `Unresolved`; `undefined` if it follows from the operands of the expression. */
  readonly isLater: boolean | undefined;

  constructor(message: string, isLater?: boolean) {
    super(message);
    this.isLater = isLater;
  }
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unresolved);
}

export function isArray(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function newObject(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

/** A property by its exact name, otherwise ignoring case, as in Azure; `undefined` if there is none. */
export function getProperty(object: ValueObject, name: string): Value | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const lower = name.toLowerCase();
  for (const key of Object.keys(object))
    if (key.length === name.length && key.toLowerCase() === lower) return object[key];
  return undefined;
}

/** The text of a string, number or boolean; '' for other values. */
export function scalarText(value: Value | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** `an array`, `a string`, … for messages. */
export function describeValue(value: Value | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value instanceof Unresolved) return 'unresolved';
  if (isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? 'a boolean' : `a ${typeof value}`;
}
