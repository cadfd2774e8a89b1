import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What a user installs: the packed file alone, in an empty folder. */
const root = join(import.meta.dirname, '../..');
const filesMax = 100;
const bytesMax = 130_000_000;

interface Packed {
  readonly filename: string;
  readonly entryCount: number;
  readonly files: readonly { readonly path: string }[];
}

let folder: string;
let packed: Packed;
let tarball: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(program: string, args: readonly string[], cwd: string): Promise<Ran> {
  const options = {
    cwd,
    env: { ...process.env, NSGFLOW_LAKE: '', npm_config_update_notifier: 'false' },
    maxBuffer: 1 << 26,
  };
  return new Promise((done) =>
    execFile(program, args, options, (error, out, err) =>
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    ),
  );
}

/** Whether npm's registry cannot be reached: the packages that are installed come from there. */
const isAway = ({ err }: Ran): boolean => /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(err);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nsgflow-package-'));
  const ran = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root);
  expect([ran.code, ran.err]).toEqual([0, '']);
  packed = (JSON.parse(ran.out) as Packed[])[0];
  tarball = join(folder, packed.filename);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('at most 100 files are packed: no maps, no types, no docs, no second copy of the code', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(packed.entryCount).toBeLessThanOrEqual(filesMax);
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/cli/main.js', 'dist/LICENSES.txt']));
  expect(
    paths.filter((path) =>
      /\.(?:map|ts)$|^docs\/|^src\/|^dist\/(?!cli\/(?:(?:main|program)\.js|nsgflow\.cjs)$|chunks\/|console\.zip$|LICENSES|sbom)/.test(
        path,
      ),
    ),
  ).toEqual([]);
});

test('installs without a warning, for one project, for all, and for one call; then does the main job', async (context) => {
  const own = join(folder, 'own');
  mkdirSync(own);
  const flags = ['--omit=dev', '--no-audit', '--no-fund'];
  const installed = await run('npm', ['install', ...flags, '--prefix', own, tarball], own);
  if (isAway(installed)) context.skip("npm's registry cannot be reached");
  expect([installed.code, installed.err]).toEqual([0, '']);
  expect(bytesOf(join(own, 'node_modules'))).toBeLessThanOrEqual(bytesMax);

  const everywhere = await run('npm', ['install', '-g', ...flags, '--prefix', join(folder, 'all'), tarball], folder);
  expect([everywhere.code, everywhere.err]).toEqual([0, '']);
  const version = /^\d+\.\d+\.\d+\n$/;
  expect(await run(join(folder, 'all/bin/nsgflow'), ['--version'], folder)).toMatchObject({ code: 0, err: '' });
  const once = await run('npx', ['--yes', `--package=${tarball}`, 'nsgflow', '--version'], folder);
  expect([once.code, once.err, version.test(once.out)]).toEqual([0, '', true]);

  const nsgflow = (...args: string[]): Promise<Ran> => run(join(own, 'node_modules/.bin/nsgflow'), args, own);
  const [capture, network] = ['traffic.pcap', 'network.json'].map((name) => join(root, 'examples', name));
  expect((await nsgflow('--version')).out).toMatch(version);
  expect((await nsgflow('record', '--capture', capture, '--network', network, '--to', 'logs')).code).toBe(0);
  expect((await nsgflow('ingest', 'logs', '--lake', 'lake')).code).toBe(0);
  const top = await nsgflow(
    'top',
    '--by',
    'src.ip',
    '--metric',
    'bytes',
    '--limit',
    '3',
    '--lake',
    'lake',
    '-o',
    'csv',
  );
  expect([top.code, top.out.split('\n').length]).toEqual([0, 5]);
  expect(
    (await nsgflow('query', '--sql', 'select count(*) as n from tuples', '--lake', 'lake', '-o', 'csv')).out,
  ).toMatch(/^n\n[1-9]\d*\n$/);
});

test('serves from the installed package, and stops on SIGTERM', async (context) => {
  const bin = join(folder, 'own/node_modules/nsgflow/dist/cli/nsgflow.cjs');
  try {
    lstatSync(bin);
  } catch {
    context.skip('the package is not installed');
  }
  const args = [
    'serve',
    '--data',
    join(folder, 'data'),
    '--listen',
    '127.0.0.1:0',
    '--network',
    join(root, 'examples/network.json'),
  ];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^listening at https:/m.test(said)) child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  expect([code, said]).toEqual([0, expect.stringContaining('listening at https:')]);
});

function bytesOf(place: string): number {
  const status = lstatSync(place);
  if (!status.isDirectory()) return status.size;
  return readdirSync(place).reduce((sum, name) => sum + bytesOf(join(place, name)), 0);
}
