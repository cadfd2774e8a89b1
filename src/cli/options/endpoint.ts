import { FlowError } from '../../base/errors.ts';
import type { Address } from '../../net/address.ts';
import { parseAddress } from '../../net/address.ts';
import { parsePort } from '../../query/filter/port-names.ts';

/** An address as a command line names it, perhaps with a port. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number | undefined;
}

/** Reads `10.0.0.4:443`, `10.0.0.4:https`, `10.0.0.4`, `[2001:db8::1]:443` or `2001:db8::1`. @throws usage */
export function readEndpoint(text: string, what: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)|([^[\]]*:[^[\]]*:[^[\]]*))(?::([\w-]+))?$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1] ?? match[2] ?? match[3]);
  const port = match?.[4] === undefined ? undefined : parsePort(match[4]);
  if (address === undefined || (match?.[4] !== undefined && port === undefined))
    throw new FlowError('usage', `${what} ${JSON.stringify(text)} is neither an address nor an address with a port`, {
      hint: 'Such as 10.0.0.4:443, 10.0.0.4:https, 10.0.0.4, [2001:db8::1]:443 or 2001:db8::1.',
    });
  return { address, port };
}
