/**
 * Validates bodies against JSON schemas (created with typebox). `conform` reads a request's body as Azure does: names
 * and enum words in any casing become canonical, null is absent, numbers and booleans may be texts, `readOnly` fields
 * are ignored, defaults are added, and unknown fields are kept.
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { describeValue, isArray, isObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';

/** The supported keywords. */
interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly default?: Json;
  readonly readOnly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
}

/** `{"id": "/subscriptions/…"}` */
export const referenceSchema = Type.Object({ id: Type.String() });

/** `{"key": "value"}`, at most 50. Source: Azure Resource Manager limits. */
export const tagsSchema = Type.Record(Type.String(), Type.String());

/** Words of an enum, accepted in any casing. */
export function words<const T extends readonly string[]>(
  list: T,
  options: { default?: T[number]; readOnly?: boolean } = {},
) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...list], ...options });
}

/**
 * `value` in the form of the schema. `path` is its place in the body.
 * @throws InvalidRequestContent
 */
export function conform<T extends TSchema>(schema: T, value: Json, path: string): Static<T> {
  return conformNode(schema, value, path) as Static<T>;
}

function conformNode(node: SchemaNode, value: Json | undefined, path: string): Json | undefined {
  if (value === undefined || value === null) {
    if (node.default === undefined) return undefined;
    value = node.default;
  }
  if (node.enum !== undefined) return conformWord(node.enum, value, path);
  switch (node.type) {
    case 'object':
      return conformObject(node, value, path);
    case 'array':
      return conformArray(node, value, path);
    case 'string':
      return conformText(node, value, path);
    case 'integer':
    case 'number':
      return conformNumber(node, value, path);
    case 'boolean':
      return conformBoolean(value, path);
    default:
      return value;
  }
}

function conformObject(node: SchemaNode, value: Json, path: string): JsonObject {
  if (!isObject(value)) throw wrong(path, value, 'an object');
  const known = new Map(Object.keys(node.properties ?? {}).map((name) => [name.toLowerCase(), name]));
  const given = new Map<string, Json>();
  const made: Record<string, Json> = {};
  const others = Object.values(node.patternProperties ?? {})[0];
  for (const key of Object.keys(value)) {
    if (key === '__proto__')
      throw new ArmError('InvalidRequestContent', `The property '${path}.__proto__' is refused.`);
    const name = known.get(key.toLowerCase());
    if (name !== undefined) given.set(name, value[key]);
    else if (others === undefined) made[key] = value[key];
    else made[key] = conformNode(others, value[key], join(path, key)) ?? '';
  }
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (child.readOnly === true) continue;
    const conformed = conformNode(child, given.get(name), join(path, name));
    if (conformed !== undefined) made[name] = conformed;
    else if (node.required?.includes(name) === true)
      throw new ArmError('InvalidRequestContent', `The required property '${join(path, name)}' is missing.`, {
        target: join(path, name),
      });
  }
  return made;
}

function conformArray(node: SchemaNode, value: Json, path: string): Json {
  if (!isArray(value)) throw wrong(path, value, 'an array');
  if (node.maxItems !== undefined && value.length > node.maxItems)
    throw new ArmError(
      'ChildResourceLimit',
      `'${path}' has ${value.length} elements; at most ${node.maxItems} are permitted.`,
      { target: path },
    );
  return value.map((item, index) => {
    const conformed = conformNode(node.items ?? {}, item, `${path}[${index}]`);
    if (conformed === undefined) throw wrong(`${path}[${index}]`, null, 'a value');
    return conformed;
  });
}

function conformText(node: SchemaNode, value: Json, path: string): Json {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string') throw wrong(path, value, 'a text');
  if (node.maxLength !== undefined && text.length > node.maxLength)
    throw new ArmError('InvalidRequestContent', `'${path}' is longer than ${node.maxLength} characters.`, {
      target: path,
    });
  return text;
}

function conformWord(list: readonly string[], value: Json, path: string): Json {
  const found = list.find((word) => typeof value === 'string' && word.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  const shown = typeof value === 'string' ? `'${value.slice(0, 80)}'` : describeValue(value);
  throw new ArmError('InvalidRequestContent', `The value ${shown} of '${path}' is not one of ${list.join(', ')}.`, {
    target: path,
  });
}

function conformNumber(node: SchemaNode, value: Json, path: string): Json {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || (node.type === 'integer' && !Number.isSafeInteger(number)))
    throw wrong(path, value, node.type === 'integer' ? 'an integer' : 'a number');
  if (number < (node.minimum ?? -Infinity) || number > (node.maximum ?? Infinity))
    throw new ArmError(
      'InvalidRequestContent',
      `The value ${number} of '${path}' lies outside ${node.minimum} to ${node.maximum}.`,
      { target: path },
    );
  return number;
}

function conformBoolean(value: Json, path: string): Json {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw wrong(path, value, 'a boolean');
}

function wrong(path: string, value: Json, wanted: string): ArmError {
  const shown = typeof value === 'string' ? `'${value.slice(0, 80)}'` : describeValue(value);
  return new ArmError('InvalidRequestContent', `The value of '${path}' is ${shown}; ${wanted} is wanted.`, {
    target: path,
  });
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
