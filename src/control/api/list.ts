/** Pages of lists, in the order of ids, with a `nextLink`. Its token is the id after which the next page begins. */
import type { JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import type { Ask } from './request.ts';
import type { Resource } from '../resources/resource.ts';
import { textOf } from '../resources/resource.ts';

export function listPage(ask: Ask, items: readonly JsonObject[], pageSize: number): JsonObject;
export function listPage(
  ask: Ask,
  items: readonly Resource[],
  pageSize: number,
  show: (resource: Resource) => JsonObject,
): JsonObject;
/**
 * `{value, nextLink?}`. Only items of the page are converted.
 * @throws InvalidSkipToken, InvalidTopInQueryString
 */
export function listPage<T extends { readonly id?: unknown }>(
  ask: Ask,
  items: readonly T[],
  pageSize: number,
  show?: (item: T) => JsonObject,
): JsonObject {
  const keyOf = (item: T): string => textOf(item.id as string).toLowerCase();
  const sorted = items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const after = readToken(ask.query.get('$skiptoken'));
  const size = Math.min(readTop(ask.query.get('$top')) ?? pageSize, pageSize);
  const from = after === '' ? 0 : sorted.findIndex((item) => keyOf(item) > after);
  const page = from < 0 ? [] : sorted.slice(from, from + size);
  const value = page.map((item) => (show === undefined ? (item as unknown as JsonObject) : show(item)));
  if (from < 0 || from + size >= sorted.length) return { value };
  const token = Buffer.from(keyOf(page[page.length - 1])).toString('base64url');
  const query = new URLSearchParams([...ask.query, ['$skiptoken', token]]);
  query.set('$skiptoken', token);
  const path = ask.segments.map(encodeURIComponent).join('/');
  return { value, nextLink: `${ask.origin}/${path}?${query.toString()}` };
}

function readTop(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ArmError(
    'InvalidTopInQueryString',
    `Invalid $top '${text.slice(0, 80)}' specified in the query string: a positive integer is wanted.`,
  );
}

function readToken(token: string | undefined): string {
  if (token === undefined || token === '') return '';
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('/')) return text;
  throw new ArmError('InvalidSkipToken', 'The $skiptoken is not one of a nextLink.');
}
