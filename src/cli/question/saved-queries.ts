/** Queries that are kept under a name: `$XDG_CONFIG_HOME/nsgflow/queries/NAME.kql`, else below `~/.config`. Only their owner can read them. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FlowError, fileError } from '../../base/errors.ts';
import { privateMode, writeWhole } from '../../server/private-file.ts';
import { kqlTables } from './kql-tables.ts';

const namePattern = /^[A-Za-z][\w-]{0,63}$/;

function folder(): string {
  const config = process.env['XDG_CONFIG_HOME'] ?? '';
  return join(config === '' ? join(homedir(), '.config') : config, 'nsgflow', 'queries');
}

/** Keeps a text; one of the same name is replaced. @throws usage, permission, disk-full, io */
export async function saveQuery(name: string, text: string): Promise<void> {
  if (!namePattern.test(name))
    throw new FlowError('usage', `--save takes a name of letters, digits, - and _, not ${JSON.stringify(name)}`);
  if (kqlTables().some((table) => table.name === name))
    throw new FlowError('usage', `--save ${name}: this is the name of a table`, { hint: 'Choose another name.' });
  const path = join(folder(), `${name}.kql`);
  await writeWhole(path, `${text.trimEnd()}\n`, privateMode);
}

/** The text of this name; `undefined` if there is none, or if it is no name. */
export async function savedQuery(name: string): Promise<string | undefined> {
  if (!namePattern.test(name)) return undefined;
  const path = join(folder(), `${name}.kql`);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const wrapped = fileError(error, `read ${path}`);
    if (wrapped.code === 'not-found') return undefined;
    throw wrapped;
  }
}
