import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import { fileRows } from '../../src/lake/files/file-rows.ts';
import { openLake } from '../../src/lake/lake.ts';
import { main } from '../cli/nsgflow.ts';

const blobBytes = 1_500_000_000;
const residentBytesMax = 700_000_000;
const hourSeconds = Date.UTC(2026, 10, 20, 10) / 1000;

interface Sums {
  bytes: number;
  tuples: number;
  ports: number;
}

/** A log of records of many lengths, so that pieces end at every place of a record. */
async function writeLargeLog(path: string): Promise<Sums> {
  const sums: Sums = { bytes: 0, tuples: 0, ports: 0 };
  const file = createWriteStream(path);
  const write = async (text: string): Promise<void> => {
    sums.bytes += text.length;
    if (!file.write(text, 'latin1')) await once(file, 'drain');
  };
  await write('{"records":[');
  for (let record = 0; sums.bytes < blobBytes; record++) {
    const seconds = hourSeconds + (record % 3600);
    const tuples: string[] = [];
    for (let i = 0; i < 1 + ((record * 7919) % 20_000); i++) {
      const port = (record * 31 + i) & 0xffff;
      sums.tuples++;
      sums.ports += port;
      tuples.push(`"${seconds},10.0.${i & 255}.4,13.67.143.${record & 255},${port},443,T,O,A,E,${i},${port},2,99"`);
    }
    await write(
      `${record === 0 ? '' : ','}{"time":"${new Date(seconds * 1000).toISOString()}","systemId":"s","macAddress":"000D3AF87856",` +
        `"category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N",` +
        `"properties":{"Version":2,"flows":[{"rule":"UserRule_a","flows":[{"mac":"000D3AF87856","flowTuples":[${tuples.join()}]}]}]}}`,
    );
  }
  await write(']}');
  file.end();
  await once(file, 'close');
  return sums;
}

interface Ran {
  readonly out: string;
  readonly code: number | null;
  readonly residentBytes: number;
  /** Where the memory was, in megabytes: the most of each kind that was seen. Pages of files are those of Node.js and DuckDB. */
  readonly megabytes: Readonly<Record<'anonymous' | 'files', number>>;
}

/** Runs the command and watches its memory. */
async function run(args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  let residentBytes = 0;
  const megabytes = { anonymous: 0, files: 0 };
  while (child.exitCode === null && child.signalCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const bytesOf = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    residentBytes = Math.max(residentBytes, bytesOf('VmHWM'));
    megabytes.anonymous = Math.max(megabytes.anonymous, Math.round(bytesOf('RssAnon') / 1e6));
    megabytes.files = Math.max(megabytes.files, Math.round(bytesOf('RssFile') / 1e6));
    await sleep(50);
  }
  const [code] = await closed;
  return { out, code, residentBytes, megabytes };
}

const isLong = process.env['NSGFLOW_LONG'] === '1';

test.skipIf(!isLong || process.platform !== 'linux')(
  'a blob of 1.5 GB without a block list is read completely in 700 MB',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nsgflow-large-'));
    try {
      const path = join(folder, 'PT1H.json');
      const sums = await writeLargeLog(path);
      let lake = '';
      let residentBytes = Infinity;
      // Buffers that nothing uses any more count until V8 frees them. What the command holds, it holds in each run; it never holds the blob.
      for (let attempt = 1; attempt <= 3 && residentBytes >= residentBytesMax; attempt++) {
        lake = join(folder, `lake-${attempt}`);
        const ran = await run(['ingest', path, '--lake', lake, '--stats', 'json']);
        expect(ran.code).toBe(0);
        expect(JSON.parse(ran.out)).toMatchObject({ blobs: 1, tuples: sums.tuples, rejected: 0 });
        ({ residentBytes } = ran);
        process.stdout.write(
          `${sums.tuples} tuples, ${residentBytes} bytes resident: ${JSON.stringify(ran.megabytes)}\n`,
        );
        expect(residentBytes).toBeGreaterThan(0);
        expect(residentBytes).toBeLessThan(blobBytes);
      }
      expect(residentBytes).toBeLessThan(residentBytesMax);
      const opened = await openLake(lake);
      const duckdb = await openDuckdb();
      const connection = await duckdb.connect();
      const rows = await fileRows(connection, (await opened.snapshot()).files);
      const answer = await connection.runAndReadAll(`SELECT count(*)::DOUBLE, sum(src_port)::DOUBLE FROM ${rows}`);
      expect(answer.getRows()).toEqual([[sums.tuples, sums.ports]]);
      connection.closeSync();
      await duckdb.close();
      await opened.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  1_800_000,
);
