import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Why tests against ClickHouse's own Delta reader are skipped; `undefined` when they run. */
export const clickhouseSkipped =
  process.env['NSGFLOW_LONG'] !== '1' && process.env['NSGFLOW_CHDB'] !== '1'
    ? 'chDB is installed in the long run only (npm run test:long, or NSGFLOW_CHDB=1)'
    : process.platform === 'win32'
      ? 'chDB has no build for Windows'
      : undefined;

const folder = fileURLToPath(new URL('.', import.meta.url));
const execute = promisify(execFile);

/**
 * Installs chDB from this folder's own package file where it is missing. Not by `npm ci`: it asks for every platform's library in
 * the lock file, and a registry need not have them all. Versions and checksums are those of the lock file.
 */
export async function installClickhouse(): Promise<void> {
  if (existsSync(join(folder, 'node_modules/chdb/package.json'))) return;
  const npm = process.env['npm_execpath'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  await execute(command, [...before, 'install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'], {
    cwd: folder,
    maxBuffer: 1 << 24,
  });
}

/** Rows that ClickHouse reads from the lake in `path`, as objects. `{lake}` in the SQL stands for the table. */
export async function askClickhouse(path: string, sql: string): Promise<Record<string, unknown>[]> {
  const table = `deltaLakeLocal('${path.replaceAll("'", String.raw`\'`)}')`;
  const { stdout } = await execute(process.execPath, [join(folder, 'read.mjs'), sql.replaceAll('{lake}', table)], {
    cwd: dirname(path),
    maxBuffer: 1 << 28,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
