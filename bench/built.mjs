// What benchmarks share: the build that they measure, a folder of their own, and the load in their titles.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export const command = 'dist/cli/nsgflow.cjs';

const build = resolve('dist');

/** A module of the build. */
export const dist = (path) => import(pathToFileURL(join(build, path)).href);

/** Gives `use` an empty folder, and removes it. */
export async function withFolder(use) {
  if (!existsSync(command)) throw new Error(`there is no ${command}: run npm run build first`);
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ingests in a process of its own, so that its memory is not counted here; `what` is as in settle-run.mjs. */
export function ingest(logs, lake, what) {
  const { status, stderr } = spawnSync(process.execPath, ['bench/settle-run.mjs', logs, lake, what], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

export const count = (number) => number.toLocaleString('en-US');

/** `load average 1.2`: what else the machine does. */
export const load = () => `load average ${loadavg()[0].toFixed(1)}`;
