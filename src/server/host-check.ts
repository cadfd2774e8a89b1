import { isIP } from 'node:net';
import { RequestError } from './arm-error.ts';

/**
 * Refuses requests that a foreign web page could make a browser send here (DNS rebinding): `Host`, and `Origin` if
 * present, must be a name of the service. Ports are not compared, because they can be forwarded.
 * @param names host names and addresses in lower case, IPv6 without brackets
 * @throws RequestError
 */
export function checkHost(
  names: ReadonlySet<string>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): void {
  const host = hostOf(`https://${single(headers['host']) ?? ''}`);
  if (host === undefined || !names.has(host))
    throw new RequestError(
      421,
      'MisdirectedRequest',
      'The Host of the request is not a name of this service; add it with --host-name.',
    );
  const origin = single(headers['origin']);
  if (origin === undefined) return;
  const from = hostOf(origin);
  if (from === undefined || !names.has(from))
    throw new RequestError(403, 'OriginNotAllowed', 'Pages of other origins cannot call this service.');
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

/** In lower case, without port and brackets; `undefined` if the URL has more than a host. */
function hostOf(url: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+$/i.test(url)) return undefined;
  try {
    return new URL(url).hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  } catch {
    return undefined;
  }
}

/** True for a host that can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
