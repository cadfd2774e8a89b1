import { expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { parseMeasure } from '../../../src/query/measure.ts';
import { ask, withRecords } from '../ask.ts';

const start = Date.parse('2023-11-14T12:00:00Z');
const pair = { src: '10.0.0.1', srcPort: 50_000, dst: '10.0.0.2', dstPort: 443 } as const;

test('a question that is cancelled ends at once with the reason, and so does a later one with the same signal', async () => {
  await withRecords([{ tuples: [{ ...pair, time: start }] }], async (engine) => {
    const reason = new FlowError('timeout', 'too long');
    const stop = new AbortController();
    const { signal } = stop;
    const long = engine
      .sql('SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) % 7 = 3', { signal })
      .then(async ({ chunks }) => await chunks[Symbol.asyncIterator]().next())
      .catch((error: unknown) => error);
    // Other questions are answered meanwhile, and afterwards.
    expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 1, conversations: 1 }]);
    stop.abort(reason);
    expect(await long).toBe(reason);
    await expect(engine.ask({ ask: 'count' }, { signal })).rejects.toBe(reason);
    await expect(engine.sql('SELECT 1', { signal })).rejects.toBe(reason);
    expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 1, conversations: 1 }]);
  });
});

test('an answer that breaks off in its midst fails, and does not end as if it were whole', async () => {
  await withRecords([{ tuples: [{ ...pair, time: start }] }], async (engine) => {
    const halfway = "SELECT CASE WHEN i = 500000 THEN error('half') ELSE i END FROM range(1000000) t(i)";
    await expect(ask(engine, `-- half\n;${halfway}; -- of it`)).rejects.toMatchObject({
      code: 'sql-failed',
      message: expect.stringContaining('half') as string,
    });
    const stop = new AbortController();
    const { chunks } = await engine.sql('FROM range(100000000)', { signal: stop.signal });
    const reason = new FlowError('interrupted', 'interrupted');
    const read = async (): Promise<void> => {
      for await (const _ of chunks) stop.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
  });
});

test('a continuing tuple is spread over the time since the tuple before it, and totals stay', async () => {
  const tuples = [
    { ...pair, time: start + 30_000, state: 'begin' as const },
    { ...pair, time: start + 330_000, state: 'continuing' as const, counters: [10, 3001, 0, 0] as const },
    { ...pair, time: start + 360_000, state: 'end' as const, counters: [1, 60, 0, 0] as const },
  ];
  const query = {
    ask: 'groups' as const,
    axes: [],
    bucketMillis: 60_000,
    measures: ['bytes', 'flows'].map(parseMeasure),
  };
  await withRecords([{ tuples }], async (engine) => {
    const rows = await ask(engine, query);
    expect(rows.map((row) => [row['bytes'], row['flows']])).toEqual([
      [300, 1],
      [600, 0],
      [600, 0],
      [600, 0],
      [600, 0],
      [361, 0],
    ]);
    const atReport = await ask(engine, { ...query, atReport: true });
    expect(atReport.map((row) => [row['time'], row['bytes'], row['flows']])).toEqual([
      ['2023-11-14T12:00:00.000Z', null, 1],
      ['2023-11-14T12:05:00.000Z', 3001, 0],
      ['2023-11-14T12:06:00.000Z', 60, 0],
    ]);
  });
});
