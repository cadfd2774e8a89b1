/** Keys of JSON that nsgflow names itself are in snake_case: every command over the example. */
import { join } from 'node:path';
import { symlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { snakeKeys } from '../../src/cli/output/snake-keys.ts';
import { buildNetwork, openPlane } from '../control/plane.ts';
import type { Serving } from '../server/serving.ts';
import { serveParts } from '../server/serving.ts';
import { exampleLake } from './example-lake.ts';
import { nsgflow } from './nsgflow.ts';

const { folder, capture, network, logs, lake } = exampleLake();

/** A service for the commands that ask one. */
let serving: Serving;
let plane: Awaited<ReturnType<typeof openPlane>>;
beforeAll(async () => {
  plane = await openPlane({ now: Date.now });
  await buildNetwork(plane);
  serving = await serveParts({ handle: (request) => plane.plane.handle(request) });
  await symlink(serving.folder, join(folder, 'nsgflow-data'));
  const create = 'flow-log create -l westeurope -n web -g net --nsg web --storage-account logs --log-version 2';
  expect((await nsgflow(create.split(' '), service())).code).toBe(0);
});
afterAll(async () => {
  await serving.close();
  await plane.end();
});
const service = (): { cwd: string; env: Record<string, string> } => ({
  cwd: folder,
  env: { NSGFLOW_SERVER: serving.origin },
});
/** Commands that end with a sentence on stderr. */
const concluding = new Set(['doctor', 'flow-log coverage', 'flow-log migrate']);

const packet = '--network NETWORK --nic nic-web-1 --direction inbound --src 203.0.113.9 --dst 10.20.1.4';
const period = '--from 2026-11-20T10:00:00Z --to 2026-11-20T10:05:00Z --lake LAKE';
/** Questions and what they print; LOGS, LAKE, NETWORK and NEW stand for paths. */
const lines: Readonly<Record<string, readonly string[]>> = {
  record: ['--capture CAPTURE --network NETWORK --to NEW --stats json'],
  ingest: ['LOGS --lake LAKE --stats json', 'LOGS --lake NEW --dry-run --stats json'],
  'ingest status': ['LOGS --lake LAKE -o json'],
  'ingest gaps': ['--lake LAKE --all -o json', '--lake LAKE --hours -o json'],
  'ingest rejects': ['--lake LAKE -o json'],
  flows: ['--lake LAKE -n 3 -o json', '--lake LAKE --tuples -n 3 -o json'],
  top: [
    '--by src.ip --lake LAKE --other -o json',
    `--by rule --metric p95:bytes,distinct:dst.ip --compare ${period} -o json`,
  ],
  series: ['--by access --lake LAKE -o json'],
  changes: [`${period} -o json`],
  matrix: ['--lake LAKE -o json'],
  count: ['--lake LAKE -o json'],
  tail: ['--lake LAKE -o json'],
  find: ['10.20.1.4 --lake LAKE -o json'],
  timeline: ['10.20.1.10 10.20.2.4 --lake LAKE -o json'],
  'enrich lookup': ['10.20.1.4 8.8.8.8 -o json'],
  'nsg show': ['--network NETWORK -o json'],
  'nsg eval': [`${packet} -o json`],
  'rules lint': ['--network NETWORK -o json'],
  whatif: ['--network NETWORK --base NETWORK -o json'],
  'rules list': ['--network NETWORK --lake LAKE -o json'],
  'lake stats': ['--lake LAKE -o json'],
  'lake retain': ['--lake LAKE --days 3650 --stats json'],
  convert: ['LOGS --to NEW --format vnet --report json'],
  retain: ['LOGS --days 1 --dry-run -o json'],
  'blob list': ['LOGS -o json'],
  'flow-log list': ['-o json'],
  'flow-log coverage': ['-o json'],
  'flow-log migrate': ['--dry-run -o json'],
  doctor: ['-o json', '--flow 8.8.8.8 10.0.0.4 22 -o json'],
};

/** Not here: why. */
const others: Readonly<Record<string, string>> = {
  'enrich tags update': 'prints no JSON',
  'enrich tags diff': 'needs a list of tags: see examples.test.ts',
  'enrich tags lookup': 'needs a list of tags: see examples.test.ts',
  query: 'columns are those of the SQL text',
  serve: 'runs until it is ended',
  console: 'runs until it is ended',
  'flow-log create': 'a resource as Azure writes it',
  'flow-log update': 'a resource as Azure writes it',
  'flow-log show': 'a resource as Azure writes it',
  'flow-log delete': 'prints no JSON',
  'config show': 'keys are names of commands and options',
  'config check': 'prints no JSON',
  'lake settle': 'prints no JSON',
  'lake compact': 'prints no JSON',
  'lake vacuum': 'prints no JSON',
  'blob blocks': 'needs one blob: see blob.test.ts',
  'blob show': 'the blob as it is',
  completion: 'prints a script',
};

test('every command is here, or is said why not', () => {
  const known = [...Object.keys(lines), ...Object.keys(others)];
  expect(commands.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
});

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysOf(item)]);
}

describe.each(Object.entries(lines))('%s', (name, all) => {
  test.each(all.map((line, i) => [line, i] as const))('%s', async (line, i) => {
    const paths: Record<string, string> = {
      CAPTURE: capture,
      LOGS: logs,
      LAKE: lake,
      NETWORK: network,
      NEW: join(folder, `${name.replace(' ', '-')}-${i}`),
    };
    const words = line.split(' ').map((word) => paths[word] ?? word);
    const { code, out, err } = await nsgflow([...name.split(' '), ...words], service());
    if (concluding.has(name)) expect([0, 1], err).toContain(code);
    else
      expect([
        code,
        err.replace(/^(?:minutes: |\d+ blobs would be deleted).*\n/, '').replace(/^nsg-.*\n/gm, ''),
      ]).toEqual([0, '']);
    const keys = keysOf(JSON.parse(out));
    expect(keys.length).toBeGreaterThanOrEqual(name === 'ingest rejects' ? 0 : 1);
    // Reasons and what was lost are values: `no-nic`, `system id`.
    expect(keys.filter((key) => /^\w+$/.test(key) && !/^[a-z][a-z0-9_]*$/.test(key))).toEqual([]);
  });
});

test('keys that are values stay', () => {
  expect(snakeKeys({ newBlobs: [{ isNew: 1 }], 'link-type 12 (USBPCAP)': 2, 'no-nic': 3, days: null })).toEqual({
    new_blobs: [{ is_new: 1 }],
    'link-type 12 (USBPCAP)': 2,
    'no-nic': 3,
    days: null,
  });
});
