import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createFlowEvents } from '../../src/flow/event.ts';
import type { FlushedBlock } from '../../src/deliver/flushed-block.ts';
import type { FlushKey } from '../../src/record/flush.ts';
import type { Flusher } from '../../src/record/flusher.ts';
import { defaultQuirks } from '../../src/record/quirks.ts';
import { planRecording } from '../../src/record/recording-plan.ts';
import { defaultFlowLogs } from '../../src/record/recording-settings.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { singleNicNetwork } from '../../src/nsg/network.ts';

/** A thread runs what was built, so the built flusher is tested. */
const built = new URL('../../dist/record/flusher.js', import.meta.url);
const isBuilt = existsSync(built);
interface FlusherModule {
  readonly Flusher: typeof Flusher;
}

const network = singleNicNetwork();
const formats = ['nsg2', 'vnet'] as const;
const plan = planRecording(
  { network, flowLogs: defaultFlowLogs(network, formats, '') },
  compileNetwork(network).decisions,
  defaultQuirks,
  formats,
);
const start = Date.UTC(2026, 10, 20, 10, 0, 0);

/** Made-up events of one minute, the same for the same seed. */
function eventsOf(count: number, seed: number) {
  const events = createFlowEvents(count);
  const { columns } = events;
  let state = seed;
  const next = (range: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % range;
  };
  for (let row = 0; row < count; row++) {
    columns.timeMillis[row] = start + next(60_000);
    columns.family[row] = 4;
    columns.source[4 * row + 3] = next(2 ** 32);
    columns.destination[4 * row + 3] = next(2 ** 32);
    columns.sourcePort[row] = next(65_536);
    columns.destinationPort[row] = next(65_536);
    columns.protocol[row] = next(2) === 0 ? 6 : 17;
    columns.state[row] = 1 + next(3);
    columns.packetsForward[row] = next(1000);
    columns.bytesForward[row] = next(1_000_000);
  }
  columns.count = count;
  return events;
}

async function flushAll(threads: boolean, counts: readonly number[]): Promise<[FlushKey, FlushedBlock[]][]> {
  const { Flusher } = (await import(built.href)) as FlusherModule;
  const flushed: [FlushKey, FlushedBlock[]][] = [];
  const flusher = new Flusher(({ blocks }, key) => flushed.push([key, blocks]), undefined, threads);
  try {
    for (const [part, count] of counts.entries()) {
      const events = eventsOf(count, part);
      flusher.flush(events, plan, { input: 'ab', timeMillis: start + 60_000, part });
      events.columns.source.fill(0);
      await flusher.room();
    }
    await flusher.finish();
  } finally {
    await flusher.close();
  }
  return flushed;
}

describe.skipIf(!isBuilt)('a second thread', () => {
  test('gives the blocks that one thread gives, in the same order, whatever becomes of the events meanwhile', async () => {
    const counts = [10, 30_000, 5, 25_000, 0, 40_000, 100, 100, 100, 100];
    const alone = await flushAll(false, counts);
    const threaded = await flushAll(true, counts);
    expect(threaded.map(([key]) => key.part)).toEqual([...counts.keys()]);
    const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    const plain = (flushed: typeof alone) =>
      flushed.map(([key, blocks]) => [
        key.part,
        blocks.map(({ bytes, withComma = new Uint8Array(0), release: _release, keep: _keep, ...block }) => {
          expect(withComma.buffer).toBe(bytes.buffer);
          return [block, textOf(bytes), textOf(withComma)];
        }),
      ]);
    expect(plain(threaded)).toEqual(plain(alone));
  });

  test('that fails is heard of', async () => {
    const { Flusher } = (await import(built.href)) as FlusherModule;
    const flusher = new Flusher(() => {}, undefined, true);
    flusher.flush(eventsOf(30_000, 1), plan, { input: 'ab', timeMillis: Number.NaN, part: 0 });
    await expect(flusher.finish()).rejects.toThrow();
    await flusher.close();
  });
});
