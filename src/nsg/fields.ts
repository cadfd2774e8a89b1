/**
 * Reads fields of a resource of any shape: names in any casing (`privateIPAddress` in the API is `privateIpAddress` in
 * az), and null as absent. A field whose template expression could not be resolved throws only here, when it is needed.
 */
import type { Value, ValueObject } from '../arm-template/value.ts';
import { Unresolved, describeValue, getProperty, isArray, isObject } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';

/**
 * `undefined` if the field is absent or null.
 * @throws network-invalid if it is unresolved
 */
export function readField(object: ValueObject, name: string): Value | undefined {
  const value = getProperty(object, name);
  if (value instanceof Unresolved) throw value.error();
  return value ?? undefined;
}

/**
 * '' if the field is absent.
 * @param where the resource, for the message
 * @throws network-invalid if it is not a text
 */
export function readText(object: ValueObject, name: string, where: string): string {
  const value = readField(object, name);
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw wrongField(where, name, value, 'a text');
}

/**
 * Empty if the field is absent; a single value is a list of one.
 * @throws network-invalid
 */
export function readList(object: ValueObject, name: string, where: string): Value[] {
  const value = readField(object, name);
  if (value === undefined) return [];
  const items = isArray(value) ? value : [value];
  return items.map((item) => {
    if (item instanceof Unresolved) throw item.error();
    if (item === null) throw wrongField(where, name, item, 'a list without null elements');
    return item;
  });
}

/**
 * Texts of a list without empty ones.
 * @throws network-invalid
 */
export function readTexts(object: ValueObject, name: string, where: string): string[] {
  return readList(object, name, where)
    .map((item) => {
      if (typeof item === 'number') return String(item);
      if (typeof item === 'string') return item.trim();
      throw wrongField(where, name, item, 'a list of texts');
    })
    .filter((item) => item !== '');
}

/** @throws network-invalid */
export function readObjects(object: ValueObject, name: string, where: string): ValueObject[] {
  return readList(object, name, where).map((item) => {
    if (isObject(item)) return item;
    throw wrongField(where, name, item, 'a list of objects');
  });
}

/**
 * `undefined` if the field is absent.
 * @throws network-invalid
 */
export function readObject(object: ValueObject, name: string, where: string): ValueObject | undefined {
  const value = readField(object, name);
  if (value === undefined || isObject(value)) return value;
  throw wrongField(where, name, value, 'an object');
}

/**
 * The id of a reference `{"id": …}`; '' if there is none.
 * @throws network-invalid
 */
export function readReference(object: ValueObject, name: string, where: string): string {
  const reference = readObject(object, name, where);
  return reference === undefined ? '' : readText(reference, 'id', where);
}

/** The result of `read`, or `preset` if an optional field is unresolved or of a wrong type. */
export function readOr<T>(preset: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlowError) return preset;
    throw error;
  }
}

/** The fields of a resource: `properties` in the API, the object itself in az output, which flattens them. */
export function readProperties(body: ValueObject, where: string): ValueObject {
  return readObject(body, 'properties', where) ?? body;
}

function wrongField(where: string, name: string, value: Value, wanted: string): FlowError {
  return new FlowError('network-invalid', `${where}: ${name} is ${describeValue(value)}, not ${wanted}`);
}
