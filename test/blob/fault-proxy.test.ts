import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { openStorage } from '../../src/blob/open.ts';
import { azuriteSkipped, startAzurite } from './azurite/start.ts';
import type { Azurite } from './azurite/start.ts';
import { collect } from './contract.ts';
import type { Fault, FaultProxy } from './fault-proxy.ts';
import { faults, startFaultProxy } from './fault-proxy.ts';

const isLong = process.env['NSGFLOW_LONG'] === '1';
const operations = isLong ? 10_000 : 400;
const blobs = 96;
const workers = 12;
const seed = 20_261_120;

/** One request in so many meets a fault. */
const requestsPerFault = 12;

/** Numbers from 0 to 1; the same for the same seed. */
function random(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe.skipIf(azuriteSkipped !== undefined)(
  `appends and reads through a way that fails${azuriteSkipped === undefined ? '' : ` (skipped: ${azuriteSkipped})`}`,
  () => {
    let azurite: Azurite;
    let proxy: FaultProxy;
    beforeAll(async () => {
      azurite = await startAzurite();
      const next = random(seed);
      proxy = await startFaultProxy(azurite.url, (request) => chooseFault(request, next()));
    }, 600_000);
    afterAll(async () => {
      await proxy?.stop();
      await azurite?.stop();
    });

    /** A conflict is made up for commits only, and in place of a slow one. */
    function chooseFault({ url = '', method }: IncomingMessage, value: number): Fault {
      if (value >= 1 / requestsPerFault) return 'none';
      const fault = faults[1 + Math.floor(value * requestsPerFault * (faults.length - 1))];
      const isCommit = method === 'PUT' && url.includes('comp=blocklist');
      if (fault === 'slow' && isCommit) return 'answer-412';
      return fault === 'answer-412' && !isCommit ? 'reset' : fault;
    }

    test(`a seeded run of ${operations} ends with exactly the expected records (seed ${seed})`, async () => {
      const environment = { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString };
      const container = (await openStorage(proxy.url, { environment })).container('faults');
      const next = random(seed + 1);
      const written = new Map<string, number>();
      const failures = new Map<string, number>();
      let appends = 0;
      let reads = 0;

      /** Goes on until it works, as a recorder does: what fails for good is no failure of the way, and thrown. */
      const persist = async <T>(act: () => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            return await act();
          } catch (error) {
            const code = error instanceof FlowError ? error.code : String(error);
            if (code !== 'unavailable' && code !== 'blob-conflict') throw error;
            failures.set(code, (failures.get(code) ?? 0) + 1);
          }
        }
      };
      const block = (name: string, n: number): { id: string; bytes: Uint8Array } => ({
        id: n.toString(16).padStart(32, '0'),
        bytes: Buffer.from(JSON.stringify({ name, n, pad: 'x'.repeat((n * 37) % 900) })),
      });
      const numbers = (text: string): number[] =>
        (JSON.parse(text) as { records: { n: number }[] }).records.map(({ n }) => n);

      /** Each worker has blobs of its own, as each blob has one recorder. */
      const work = async (worker: number): Promise<void> => {
        let appender = new BlockAppender(container);
        for (let mine = 0; mine < operations / workers;) {
          const name = `nic=${worker + workers * Math.floor(next() * (blobs / workers))}/PT1H.json`;
          const before = written.get(name) ?? 0;
          if (next() < 0.5 || before === 0) {
            const count = 1 + Math.floor(next() * 6);
            const fresh = Array.from({ length: count }, (_, i) => block(name, before + i));
            // A recorder that was killed offers the last block again.
            const again = before > 0 && next() < 0.1 ? [block(name, before - 1)] : [];
            if (again.length > 0) appender = new BlockAppender(container);
            await persist(async () => await appender.append(name, [...again, ...fresh]));
            written.set(name, before + count);
            appends += count;
            mine += count;
          } else {
            const { bytes } = await persist(async () => await container.read(name));
            expect(numbers(Buffer.from(bytes).toString())).toEqual(Array.from({ length: before }, (_, n) => n));
            const start = Math.floor(next() * bytes.length);
            const part = await persist(async () => await container.read(name, start, start + 200));
            expect(Buffer.from(part.bytes)).toEqual(Buffer.from(bytes.subarray(start, start + 200)));
            reads += 2;
            mine += 2;
          }
        }
      };
      await Promise.all(Array.from({ length: workers }, async (_, worker) => await work(worker)));

      const direct = (await openStorage(azurite.url, { environment })).container('faults');
      const found = await collect(direct.list());
      expect(found.map(({ name }) => name)).toEqual([...written.keys()].sort());
      for (const { name } of found) {
        const { bytes } = await direct.read(name);
        const count = written.get(name) ?? 0;
        expect([name, numbers(Buffer.from(bytes).toString())]).toEqual([
          name,
          Array.from({ length: count }, (_, n) => n),
        ]);
        const { blocks } = (await direct.blocks(name))!;
        expect(blocks).toHaveLength(count + 2);
      }
      expect(appends + reads).toBeGreaterThanOrEqual(operations);
      const met = faults.filter((fault) => proxy.done[fault] > 0);
      expect(met.length).toBeGreaterThanOrEqual(isLong ? faults.length : 5);
      expect([...failures.keys()].filter((code) => code !== 'unavailable' && code !== 'blob-conflict')).toEqual([]);
      console.log(
        `${appends} appends, ${reads} reads; requests ${JSON.stringify(proxy.done)}; operations that failed and were taken up again ${JSON.stringify(Object.fromEntries(failures))}`,
      );
    }, 1_200_000);
  },
);
