/**
 * `nsgflow.yaml`: settings of all commands, and below a command's name its flags.
 *
 *     lake: ./lake
 *     output: table
 *     record: { format: vnet }
 *     serve:
 *       listen: 127.0.0.1:8443
 *       accounts: { stflowlogs: /mnt/copies }
 *
 * A flag wins over the environment, which wins over the file, which wins over the default. Secrets are in none of them.
 */
import { stat } from 'node:fs/promises';
import { FlowError } from '../../base/errors.ts';
import { tell } from '../output/printable.ts';
import { nameSettings } from './name-options.ts';
import { readText } from './options.ts';

/** Settings of all commands that have the flag of this name. */
export const generalSettings: readonly string[] = ['lake', 'data', 'output', 'timezone'].concat(nameSettings);

/** One setting of the file. */
export interface Setting {
  /** `record`, `nsg show`; '' for settings of all commands. */
  readonly command: string;
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
}

export interface Configuration {
  readonly path: string;
  readonly settings: readonly Setting[];
}

const fileName = 'nsgflow.yaml';

/**
 * The configuration file of this call: `given` by `--config`, else NSGFLOW_CONFIG, else nsgflow.yaml in this folder if
 * the file belongs to the user and only the user can write it. `undefined` if there is none. `say` gets the reason why a file is not read.
 * @throws usage, not-found
 */
export async function findConfiguration(
  given: string | undefined,
  say: (text: string) => void = tell,
): Promise<Configuration | undefined> {
  const named = given ?? (process.env['NSGFLOW_CONFIG'] || undefined);
  if (named !== undefined) return readConfiguration(named);
  const status = await stat(fileName).catch(() => undefined);
  if (status?.isFile() !== true) return undefined;
  if (status.uid === process.getuid?.() && (status.mode & 0o022) === 0) return readConfiguration(fileName);
  say(`note: ${fileName} is not read, since another user can write it: chmod go-w, or name it with --config`);
  return undefined;
}

/** @throws usage where the file is no YAML of keys and values; not-found */
export async function readConfiguration(path: string): Promise<Configuration> {
  const text = await readText(path);
  const { LineCounter, isMap, isScalar, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (node: unknown): number => lines.linePos((node as { range?: [number] }).range?.[0] ?? 0).line;
  for (const { message, linePos } of document.errors)
    throw new FlowError(
      'usage',
      `${path}:${linePos?.[0].line ?? 1}: ${message.split('\n')[0].replace(/ at line \d+, column \d+:$/, '')}`,
    );
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return { path, settings: [] };
  if (!isMap(contents)) throw new FlowError('usage', `${path}:1: it holds keys and values, such as "lake: ./lake"`);
  const settings: Setting[] = [];
  const add = (command: string, pair: { key: unknown; value: unknown }): void => {
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    const { value } = pair;
    // A name without anything below it, and the flags of a command.
    if (command === '' && isMap(value) && !generalSettings.includes(key)) {
      for (const inner of value.items) add(key, inner);
      return;
    }
    const line = lineOf(pair.key);
    try {
      const plain = isMap(value) || !isScalar(value) ? toPlain(value, document) : value.value;
      settings.push({ command, key, value: plain, line });
    } catch (cause) {
      throw new FlowError('usage', `${path}:${line}: ${key} has too many aliases, or one without an anchor`, { cause });
    }
  };
  for (const pair of contents.items) add('', pair);
  return { path, settings };
}

/** A list or map as plain values. */
function toPlain(node: unknown, document: unknown): unknown {
  const { toJS } = (node ?? {}) as { toJS?: (document: unknown, options: { maxAliasCount: number }) => unknown };
  return toJS === undefined ? null : toJS.call(node, document, { maxAliasCount: 10 });
}
