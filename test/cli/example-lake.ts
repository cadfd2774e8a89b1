/** The example of the repository, recorded and ingested: once a process, and each suite has a copy, which is removed after it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { nsgflow } from './nsgflow.ts';

export interface ExampleLake {
  readonly folder: string;
  readonly capture: string;
  readonly network: string;
  readonly logs: string;
  readonly lake: string;
}

/** Call it at the top of a suite. */
export function exampleLake(): ExampleLake {
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-example-lake-'));
  const [logs, lake] = [join(folder, 'logs'), join(folder, 'lake')];
  beforeAll(async () => cpSync(await (shared ??= make()), folder, { recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, capture, network, logs, lake };
}

const examples = join(import.meta.dirname, '..', '..', 'examples');
const [capture, network] = [join(examples, 'traffic.pcap'), join(examples, 'network.json')];
let shared: Promise<string> | undefined;

async function make(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-example-lake-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const cwd = { cwd: folder };
  expect((await nsgflow(['record', '--capture', capture, '--network', network, '--to', 'logs'], cwd)).code).toBe(0);
  expect((await nsgflow(['ingest', 'logs', '--lake', 'lake'], cwd)).code).toBe(0);
  return folder;
}
