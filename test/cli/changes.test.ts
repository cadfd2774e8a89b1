import { describe, expect, test } from 'vitest';
import { exampleLake } from './example-lake.ts';
import { nsgflow } from './nsgflow.ts';

const { lake } = exampleLake();

const [before, start, end] = ['2026-11-20T09:54:00Z', '2026-11-20T10:00:00Z', '2026-11-20T10:06:00Z'];

type Row = Record<string, string | number | null>;

async function rowsOf(...question: string[]): Promise<Row[]> {
  const { code, out, err } = await nsgflow([...question, '--lake', lake, '-o', 'json']);
  expect([question, code, err]).toEqual([question, 0, '']);
  return JSON.parse(out) as Row[];
}

/** Bytes by destination port in a period, as top tells them. */
async function bytesByPort(from: string, to: string): Promise<Map<unknown, number | null>> {
  const rows = await rowsOf('top', '--by', 'dst.port', '--limit', '10000', '--from', from, '--to', to);
  return new Map(rows.map((row) => [row['dst_port'], row['bytes'] as number | null]));
}

describe('changes', () => {
  test('are the differences of two answers of top, the largest first', async () => {
    const [changes, was, is] = await Promise.all([
      rowsOf('changes', '--by', 'dst.port', '--since', start, '--until', end, '--limit', '10000'),
      bytesByPort(before, start),
      bytesByPort(start, end),
    ]);
    const expected = [...new Set([...was.keys(), ...is.keys()])].flatMap((port) => {
      const [old = null, now = null] = [was.get(port), is.get(port)];
      const difference = old === null && now === null ? null : (now ?? 0) - (old ?? 0);
      const change = !was.has(port) ? 'new' : !is.has(port) ? 'gone' : (difference ?? 0) > 0 ? 'up' : 'down';
      if ((difference ?? 0) === 0 && was.has(port) && is.has(port)) return [];
      return [{ change, dst_port: port, bytes: now, bytes_before: old, bytes_difference: difference }];
    });
    const sorted = changes.map(({ bytes_percent: _percent, ...row }) => row);
    expect(sorted).toHaveLength(expected.length);
    expect(new Set(sorted.map((row) => JSON.stringify(row)))).toEqual(
      new Set(expected.map((row) => JSON.stringify(row))),
    );
    const sizes = changes.map((row) =>
      row['bytes_difference'] === null ? -1 : Math.abs(Number(row['bytes_difference'])),
    );
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(changes.map(({ change }) => change))).toEqual(new Set(['new', 'gone', 'up', 'down']));
    const percents = changes.map((row) =>
      row['bytes_difference'] === null || !row['bytes_before']
        ? null
        : (100 * Number(row['bytes_difference'])) / Number(row['bytes_before']),
    );
    expect(changes.map((row) => row['bytes_percent'])).toEqual(percents);
  });

  test('--compare of top and series has the groups that are gone, and differences', async () => {
    const period = ['--from', start, '--to', end, '--compare', '--metric', 'flows'];
    const top = await rowsOf('top', '--by', 'dst.port', '--limit', '10000', ...period);
    const gone = top.filter((row) => row['flows'] === 0);
    expect(gone.length).toBeGreaterThan(0);
    for (const row of top) expect(row['flows_difference']).toBe(Number(row['flows']) - Number(row['flows_before']));
    const series = await rowsOf('series', '--bucket', '3m', ...period);
    expect(Object.keys(series[0])).toEqual(['time', 'flows', 'flows_before', 'flows_difference', 'flows_percent']);
  });

  test('a table joins address and port, and says which times are compared', async () => {
    const { out, err } = await nsgflow(['changes', '--lake', lake, '--since', start, '--until', end, '-o', 'table']);
    expect(out).toMatch(/^CHANGE +SRC_IP +DESTINATION +BYTES +DIFFERENCE +PERCENT +BEFORE\n/);
    expect(err).toContain('2026-11-20 10:00 to 10:06 against 09:54 to 10:00 UTC');
  });

  test('wrong input is named', async () => {
    const said = async (...words: string[]): Promise<string> => {
      const { code, err } = await nsgflow([...words, '--lake', lake]);
      return `${code} ${err.split('\n')[0]}`;
    };
    expect(await said('changes', '--since', '1d', '--from', '2d')).toBe(
      '2 nsgflow: --from and --since are the same: give one of them',
    );
    expect(await said('changes', '--metric', 'last')).toBe(
      '2 nsgflow: changes are of a number: a time has no difference',
    );
  });
});
