import { FlowError } from '../../base/errors.ts';

/** `127.0.0.1:8443`, `[::1]:8443`, `localhost:0`. @throws usage */
export function parseListen(flag: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535)
    throw new FlowError(
      'usage',
      `${flag} takes an address and a port, such as 127.0.0.1:8443, not ${JSON.stringify(text)}`,
    );
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}
