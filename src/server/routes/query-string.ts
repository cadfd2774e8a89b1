import { RequestError } from '../arm-error.ts';

/**
 * One value of a parsed query string, the first if it is repeated; names are compared ignoring case. `undefined` if it
 * is absent.
 */
export function queryValue(query: unknown, name: string): string | undefined {
  if (typeof query !== 'object' || query === null) return undefined;
  const lower = name.toLowerCase();
  for (const [key, value] of Object.entries(query)) {
    if (key.toLowerCase() !== lower) continue;
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : undefined;
  }
  return undefined;
}

/** @throws RequestError 400 if it is missing or not a date */
export function apiVersionOf(query: unknown): string {
  const version = queryValue(query, 'api-version');
  if (version === undefined || version === '')
    throw new RequestError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  if (!/^\d{4}-\d{2}-\d{2}(?:-[a-z]+)?$/i.test(version))
    throw new RequestError(400, 'InvalidApiVersionParameter', 'The api-version is not a date such as 2020-06-01.');
  return version;
}
