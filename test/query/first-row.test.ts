import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { TextFormat } from '../../src/cli/output/output.ts';
import { writeResult } from '../../src/cli/output/output.ts';
import type { Cell } from '../../src/query/engine/result.ts';
import { ask, withRecords } from './ask.ts';

const tuples = [{ time: 1_700_000_000_000, src: '10.0.0.1', srcPort: 50_000, dst: '10.0.0.2', dstPort: 443 }];

test('the columns of an answer are known before its first row', async () => {
  await withRecords([{ tuples }], async (engine) => {
    const stop = new AbortController();
    const endless = 'SELECT count(*) AS n, 1 AS n, now() AS t FROM range(100000000000) t(i) WHERE hash(i) % 7 = 3';
    const { columns, chunks } = await engine.sql(endless, { signal: stop.signal });
    expect(columns).toEqual([
      { name: 'n', kind: 'number', sqlType: 'BIGINT' },
      { name: 'n:1', kind: 'number', sqlType: 'INTEGER' },
      { name: 't', kind: 'time', sqlType: 'TIMESTAMP WITH TIME ZONE' },
    ]);
    const first = chunks[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    const reason = new FlowError('interrupted', 'interrupted');
    stop.abort(reason);
    expect(await first).toBe(reason);
    expect(await ask(engine, 'SELECT 1 AS a, 2 AS a')).toEqual([{ a: 1, 'a:1': 2 }]);
  });
});

/** Says when the next chunk may come, and that it was asked for. */
async function* rows(steps: readonly (() => Promise<void>)[]): AsyncGenerator<Cell[][]> {
  for (const [i, step] of steps.entries()) {
    await step();
    yield [[i]];
  }
}

test.each<[TextFormat, string, string]>([
  ['csv', 'a\n', '0\n'],
  ['tsv', 'a\n', '0\n'],
  ['md', '| a |\n| ---: |\n', '| 0 |\n'],
  ['jsonl', '', '{"a":0}\n'],
  ['json', '', '[\n  {"a":0}'],
])('%s has its header before a row is known, and each row before the next', async (format, header, first) => {
  const out = new PassThrough();
  const seen: string[] = [];
  const read = (): Promise<void> => {
    let text = '';
    // One read may give one of several chunks.
    for (let part = out.read() as Buffer | null; part !== null; part = out.read() as Buffer | null)
      text += part.toString();
    seen.push(text);
    return Promise.resolve();
  };
  const columns = [{ name: 'a', kind: 'number' as const }];
  await writeResult({ columns, chunks: rows([read, read]) }, format, out);
  expect(seen).toEqual([header, first]);
});

test('a reader that takes nothing does not hold up a question that is ended', async () => {
  const out = new PassThrough({ highWaterMark: 1 });
  const stop = new AbortController();
  const reason = new FlowError('interrupted', 'interrupted');
  const columns = [{ name: 'a', kind: 'number' as const }];
  const written = writeResult({ columns, chunks: [[[1]]] }, 'csv', out, {
    width: 0,
    color: false,
    signal: stop.signal,
  });
  stop.abort(reason);
  await expect(written).rejects.toBe(reason);
});
