import type { Command } from 'commander';
import { parse } from 'yaml';
import { FlowError } from '../../base/errors.ts';
import type { AccountBinding } from '../../server/accounts.ts';
import { readText } from './options.ts';

/**
 * Reads `nsgflow.yaml`: long flags' names as keys, without dashes, and `accounts`, which no flag can say. Flags of the command line win.
 *
 *     listen: 127.0.0.1:8443
 *     network: [network.json]
 *     ingest: false
 *     accounts:
 *       stflowlogs: { storage: https://stflowlogs.blob.core.windows.net, connection-string-variable: STFLOWLOGS_CONNECTION }
 *
 * @returns the bindings of accounts
 * @throws usage where a key or value is not understood; not-found
 */
export async function readConfig(path: string, command: Command): Promise<AccountBinding[]> {
  let config: unknown;
  try {
    config = parse(await readText(path), { maxAliasCount: 10 });
  } catch (error) {
    if (error instanceof FlowError) throw error;
    throw new FlowError('usage', `${path}: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
  if (config === null || config === undefined) return [];
  if (typeof config !== 'object' || Array.isArray(config))
    throw new FlowError('usage', `${path}: it holds keys and values, such as "listen: 127.0.0.1:8443"`);
  let bindings: AccountBinding[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (key === 'accounts') {
      bindings = readBindings(path, value);
      continue;
    }
    const option = command.options.find(({ long }) => long === `--${key}` || long === `--no-${key}`);
    if (option === undefined || notInFile.has(key))
      throw new FlowError('usage', `${path}: ${JSON.stringify(key)} is not a setting of nsgflow serve`);
    const name = option.attributeName();
    if (command.getOptionValueSource(name) === 'cli') continue;
    const isBoolean = option.negate || option.isBoolean();
    const read = readValue(path, key, value, isBoolean, option.parseArg);
    command.setOptionValueWithSource(
      name,
      option.long === `--${key}` && option.negate ? read !== true : read,
      'config',
    );
  }
  return bindings;
}

/** About one call, not about the service. */
const notInFile: ReadonlySet<string> = new Set(['config', 'env', 'shell', 'help', 'debug']);

type ParseArgument = ((value: string, before: unknown) => unknown) | undefined;

function readValue(
  path: string,
  key: string,
  value: unknown,
  isBoolean: boolean,
  parseArgument: ParseArgument,
): unknown {
  if (isBoolean) {
    if (typeof value !== 'boolean') throw new FlowError('usage', `${path}: ${key} is true or false`);
    return value;
  }
  const texts = (Array.isArray(value) ? value : [value]).map((item: unknown) => {
    if (typeof item !== 'string' && typeof item !== 'number')
      throw new FlowError('usage', `${path}: ${key} is a text or a number, not ${JSON.stringify(item)}`);
    return String(item);
  });
  if (parseArgument !== undefined)
    return texts.reduce<unknown>((before, text) => parseArgument(text, before), undefined);
  if (texts.length !== 1) throw new FlowError('usage', `${path}: ${key} takes one value`);
  return texts[0];
}

function readBindings(path: string, value: unknown): AccountBinding[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FlowError('usage', `${path}: accounts holds names of storage accounts and where each is`);
  return Object.entries(value).map(([name, binding]: [string, unknown]) => {
    const given = typeof binding === 'string' ? { storage: binding } : (binding as Record<string, unknown> | null);
    const { storage, 'connection-string-variable': variable, ...rest } = given ?? {};
    const unknown = Object.keys(rest)[0];
    if (
      typeof storage !== 'string' ||
      (variable !== undefined && typeof variable !== 'string') ||
      unknown !== undefined
    )
      throw new FlowError(
        'usage',
        `${path}: accounts.${name} is a folder or URL, or { storage, connection-string-variable }`,
      );
    return { name, storage, connectionStringVariable: variable };
  });
}
