/** The audience of an access token. */
export type Audience = 'management' | 'storage' | 'logs';

/** Source: Azure's clouds, `az cloud show`; control-plane facts 1.1; Azure Monitor, "Access the API". */
const azureHosts: Readonly<Record<Audience, ReadonlySet<string>>> = {
  management: new Set(['management.azure.com', 'management.core.windows.net']),
  storage: new Set(['storage.azure.com']),
  logs: new Set(['api.loganalytics.io', 'api.loganalytics.azure.com', 'management.azure.com']),
};

/**
 * Whether a token's audience is this part of the service, by the service's own name or Azure's. Ports are not compared,
 * because they can be forwarded.
 * @param names of the service, in lower case, IPv6 without brackets
 */
export function isAudience(audience: unknown, part: Audience, names: ReadonlySet<string>): boolean {
  if (typeof audience !== 'string') return false;
  let url: URL;
  try {
    url = new URL(audience);
  } catch {
    return false;
  }
  const host = url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const isRoot = url.protocol === 'https:' && /^\/*$/.test(url.pathname) && url.search === '' && url.username === '';
  return isRoot && (names.has(host) || azureHosts[part].has(host));
}
