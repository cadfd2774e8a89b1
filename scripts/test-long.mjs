// The same suites as `npm test` at full size, and those that need the corpus, Azurite, chDB, Debian packages or root.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const corpus = process.env.NSGFLOW_CORPUS || resolve('../shared/corpus');
const env = { ...process.env, NSGFLOW_LONG: '1' };
if (existsSync(corpus)) env.NSGFLOW_CORPUS = resolve(corpus);
else console.log(`NSGFLOW_CORPUS: no folder ${corpus}, so the suites over the corpus are skipped`);

if (!existsSync('dist/cli/nsgflow.cjs')) run('npm', ['run', 'build']);
run('npx', ['vitest', 'run', ...process.argv.slice(2)]);

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
