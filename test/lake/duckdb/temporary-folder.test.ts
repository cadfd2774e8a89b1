import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withTemporary } from '../../../src/cli/output/parquet.ts';
import { openDuckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { makeTemporaryFolder } from '../../../src/lake/duckdb/temporary-folder.ts';

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'nsgflow-temporary-'));
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(temporary, { recursive: true, force: true });
});

/** Names of the folders for temporary files, without their random end, each with its mode. */
async function modes(): Promise<string[]> {
  const names = (await readdir(temporary)).sort();
  return await Promise.all(
    names.map(
      async (name) =>
        `${name.replace(/-[0-9a-f]{8}-\d+-\w+$/, '')} ${((await stat(join(temporary, name))).mode & 0o777).toString(8)}`,
    ),
  );
}

test('what DuckDB spills lies in a folder that only this user can read, and goes with the instance', async () => {
  const duckdb = await openDuckdb(48 << 20);
  const connection = await duckdb.connect();
  await connection.run(
    'CREATE TABLE t AS SELECT hash(i) AS a, hash(i + 1) AS b, md5(i::VARCHAR) AS c FROM range(2000000) t(i)',
  );
  const [spill] = await readdir(temporary);
  expect((await readdir(join(temporary, spill))).length).toBeGreaterThan(0);
  expect(await modes()).toEqual(['nsgflow-spill 700']);
  connection.closeSync();
  await duckdb.close();
  expect(await readdir(temporary)).toEqual([]);
});

test('Parquet for a pipe lies in a folder that only this user can read', async () => {
  const out = new PassThrough().resume();
  await withTemporary(out, async (path) => {
    expect(await modes()).toEqual(['nsgflow-parquet 700']);
    await writeFile(path, 'x');
    return 1;
  });
  expect(await readdir(temporary)).toEqual([]);
});

/** A process that makes a folder, and is there until it is killed. */
async function making(purpose: string): Promise<() => Promise<unknown>> {
  const source = `
    import { makeTemporaryFolder } from ${JSON.stringify(join(import.meta.dirname, '../../../dist/lake/duckdb/temporary-folder.js'))};
    process.umask(0);
    await makeTemporaryFolder(${JSON.stringify(purpose)});
    console.log('made');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = (): Promise<unknown> => {
    child.kill('SIGKILL');
    return exited;
  };
  await once(child.stdout, 'data');
  return kill;
}

test('what a killed process leaves can be read by this user only, and goes with the next process', async () => {
  const killLeft = await making('left');
  const killOther = await making('other');
  try {
    await killLeft();
    expect(await modes()).toEqual(['nsgflow-left 700', 'nsgflow-other 700']);
    // Of another machine that has the same folder.
    await mkdir(join(temporary, 'nsgflow-far-0badc0de-1-abcdef'), { mode: 0o700 });
    const kill = await making('next');
    expect(await modes()).toEqual(['nsgflow-far 700', 'nsgflow-next 700', 'nsgflow-other 700']);
    await kill();
  } finally {
    await killOther();
  }
});

test('without a folder for temporary files, DuckDB answers what fits in memory', async () => {
  vi.stubEnv('TMPDIR', join(temporary, 'nowhere'));
  await expect(makeTemporaryFolder('x')).rejects.toMatchObject({ code: 'not-found' });
  const duckdb = await openDuckdb(48 << 20);
  const connection = await duckdb.connect();
  const reader = await connection.runAndReadAll('SELECT i FROM range(1000) t(i) ORDER BY i DESC');
  expect(reader.getRows()).toHaveLength(1000);
  await expect(
    connection.run('CREATE TABLE t AS SELECT hash(i) AS a, md5(i::VARCHAR) AS c FROM range(2000000) t(i)'),
  ).rejects.toThrow(/Out of Memory/);
  connection.closeSync();
  await duckdb.close();
  expect(await readdir(temporary)).toEqual([]);
});
