/**
 * Checks bodies and queries of the console's API against JSON schemas (created with typebox), strictly: unknown fields and other types are refused at
 * their field. `openapi.ts` describes the API with the same schemas.
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { ApiError } from './api-error.ts';

/** The supported keywords. */
interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
}

/** Words of an enum. */
export function words<const T extends readonly string[]>(list: T, options: { description?: string } = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...list], ...options });
}

/**
 * `value` if it has the form of the schema.
 * @param field JSON pointer of the value
 * @throws ApiError 400 with the field
 */
export function checked<T extends TSchema>(schema: T, value: unknown, field = ''): Static<T> {
  checkNode(schema, value, field);
  // Checked above: the value has the form of the schema.
  return value as Static<T>;
}

function checkNode(node: SchemaNode, value: unknown, field: string): void {
  if (node.anyOf !== undefined) {
    checkAny(node.anyOf, value, field);
    return;
  }
  if (node.const !== undefined) {
    if (value !== node.const) throw wrong(field, value, JSON.stringify(node.const));
    return;
  }
  if (node.enum !== undefined) {
    if (!node.enum.includes(value)) throw wrong(field, value, `one of ${node.enum.join(', ')}`);
    return;
  }
  switch (node.type) {
    case 'object':
      checkObject(node, value, field);
      return;
    case 'array':
      checkArray(node, value, field);
      return;
    case 'string':
      checkText(node, value, field);
      return;
    case 'integer':
    case 'number':
      checkNumber(node, value, field);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(field, value, 'true or false');
      return;
    default:
  }
}

/** An alternative is chosen by its fields of one word, such as `kind`; else the failure that goes the furthest is told. */
function checkAny(nodes: readonly SchemaNode[], value: unknown, field: string): void {
  let deepest: ApiError | undefined;
  for (const node of chosen(nodes, value, field))
    try {
      checkNode(node, value, field);
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (deepest === undefined || (error.field ?? '').length > (deepest.field ?? '').length) deepest = error;
    }
  throw deepest!;
}

/** @throws ApiError where a word chooses none */
function chosen(nodes: readonly SchemaNode[], value: unknown, field: string): readonly SchemaNode[] {
  const name = nodes.flatMap(({ properties = {} }) =>
    Object.keys(properties).filter((key) => properties[key].const !== undefined),
  )[0];
  if (name === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return nodes;
  const word = new Map<string, unknown>(Object.entries(value)).get(name);
  const wordsOf = ({ properties = {} }: SchemaNode): readonly unknown[] =>
    properties[name]?.enum ?? [properties[name]?.const];
  const found = nodes.filter((node) => wordsOf(node).includes(word));
  if (found.length === 0) throw wrong(pointer(field, name), word, `one of ${nodes.flatMap(wordsOf).join(', ')}`);
  return found;
}

function checkObject(node: SchemaNode, value: unknown, field: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, value, 'an object');
  const { properties = {}, required = [], patternProperties } = node;
  const [others] = Object.values(patternProperties ?? {});
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const [name, one] of entries) {
    const child = Object.hasOwn(properties, name) ? properties[name] : others;
    if (child === undefined)
      throw new ApiError(400, 'usage', `there is no field ${JSON.stringify(name.slice(0, 80))} here`, {
        field: pointer(field, name),
        hint: `Fields: ${Object.keys(properties).join(', ')}.`,
      });
    checkNode(child, one, pointer(field, name));
  }
  for (const name of required)
    if (!entries.has(name)) throw new ApiError(400, 'usage', `${name} is missing`, { field: pointer(field, name) });
}

function checkArray(node: SchemaNode, value: unknown, field: string): void {
  if (!Array.isArray(value)) throw wrong(field, value, 'a list');
  if (value.length < (node.minItems ?? 0)) throw wrong(field, value, `a list of at least ${node.minItems}`);
  if (node.maxItems !== undefined && value.length > node.maxItems)
    throw new ApiError(400, 'usage', `the list has ${value.length} elements; at most ${node.maxItems} are permitted`, {
      field,
    });
  for (const [index, item] of value.entries()) checkNode(node.items ?? {}, item, pointer(field, String(index)));
}

function checkText(node: SchemaNode, value: unknown, field: string): void {
  if (typeof value !== 'string') throw wrong(field, value, 'a text');
  if (value.length < (node.minLength ?? 0)) throw new ApiError(400, 'usage', 'the text is empty', { field });
  if (node.maxLength !== undefined && value.length > node.maxLength)
    throw new ApiError(400, 'usage', `the text is longer than ${node.maxLength} characters`, { field });
}

function checkNumber(node: SchemaNode, value: unknown, field: string): void {
  const isWhole = node.type === 'integer';
  if (typeof value !== 'number' || !Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value)))
    throw wrong(field, value, isWhole ? 'a whole number' : 'a number');
  if (value < (node.minimum ?? -Infinity) || value > (node.maximum ?? Infinity))
    throw new ApiError(400, 'usage', `${value} lies outside ${node.minimum ?? ''} to ${node.maximum ?? ''}`, { field });
}

function wrong(field: string, value: unknown, wanted: string): ApiError {
  return new ApiError(400, 'usage', `the value is ${describe(value)}; ${wanted} is wanted`, { field });
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'missing';
  return typeof value === 'object' ? 'an object' : JSON.stringify(value).slice(0, 80);
}

function pointer(field: string, name: string): string {
  return `${field}/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 200)}`;
}
