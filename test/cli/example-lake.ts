/** The example of the repository, recorded and ingested into a folder of its own. Removed after the suite. */
import { mkdtempSync, rmSync } from 'node:fs';
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
  const examples = join(import.meta.dirname, '..', '..', 'examples');
  const [capture, network] = [join(examples, 'traffic.pcap'), join(examples, 'network.json')];
  const [logs, lake] = [join(folder, 'logs'), join(folder, 'lake')];
  beforeAll(async () => {
    expect((await nsgflow(['record', '--capture', capture, '--network', network, '--to', logs])).code).toBe(0);
    expect((await nsgflow(['ingest', logs, '--lake', lake])).code).toBe(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, capture, network, logs, lake };
}
