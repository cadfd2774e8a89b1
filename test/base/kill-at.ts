import { spawn } from 'node:child_process';

const fileOperations = [
  'open',
  'readFile',
  'readdir',
  'writeFile',
  'appendFile',
  'mkdir',
  'rename',
  'link',
  'unlink',
  'rm',
  'stat',
];

/**
 * The beginning of a script that kills itself with -9 at a moment that is counted in operations on files, so that it means the same on every machine:
 * before or after operation `killAt`, counted from when `operations` is set to 0. `script`: its own path. `counted`: operations on paths that count.
 */
export function killAtText(script: string, counted: readonly string[] = fileOperations): string {
  return `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
let operations = 0;
let killAt = 0;
const tick = () => {
  if (++operations === killAt) process.kill(process.pid, 'SIGKILL');
};
const count = (target, names) => {
  for (const name of names) {
    const act = target[name];
    target[name] = function (...args) {
      tick();
      const done = act.apply(this, args);
      return typeof done?.then === 'function' ? done.then((value) => (tick(), value)) : done;
    };
  }
};
const handle = await fs.promises.open(${JSON.stringify(script)});
if (${counted === fileOperations}) count(Object.getPrototypeOf(handle), ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate']);
await handle.close();
count(fs.promises, ${JSON.stringify(counted)});
syncBuiltinESMExports();
`;
}

/** Runs a script of `killAtText`. @returns what it printed; `undefined` where it was killed @throws where it wrote to stderr */
export async function runScript(script: string, ...args: readonly string[]): Promise<string | undefined> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  if (signal === 'SIGKILL') return undefined;
  if (errors !== '') throw new Error(`${args.join(' ')}: ${errors}`);
  return output;
}

/** Numbers from 0 to 1 that a seed decides. */
export function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
