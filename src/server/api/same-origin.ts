import { ApiError } from './api-error.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Refuses requests of pages that are not the console's own. Host and names are checked for all requests (host-check.ts); another program on another
 * port of this machine is the same site to a browser, so ports count here.
 * @throws ApiError 403
 */
export function checkSameOrigin(headers: Headers): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isForeign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && (typeof origin !== 'string' || hostOf(origin) !== String(host).toLowerCase()));
  if (isForeign) throw new ApiError(403, 'permission', 'pages of other origins cannot call this API');
}

/** `127.0.0.1:8480`, as the header Host has it. */
function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//i, '').toLowerCase();
}
