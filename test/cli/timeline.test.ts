import { describe, expect, test } from 'vitest';
import { exampleLake } from './example-lake.ts';
import { sparkline } from '../../src/cli/output/sparkline.ts';
import { nsgflow } from './nsgflow.ts';

const { lake } = exampleLake();

const [one, other] = ['10.20.1.10', '10.20.2.4'];

type Row = Record<string, string | number | null>;

async function rowsOf(...question: string[]): Promise<Row[]> {
  const { code, out, err } = await nsgflow([...question, '--lake', lake, '-o', 'json']);
  expect([question, code, err]).toEqual([question, 0, '']);
  return JSON.parse(out) as Row[];
}

describe('timeline of two hosts', () => {
  test('lists every conversation between the two, in both directions', async () => {
    const forward = await rowsOf('flows', 'src.ip', '=', one, 'and', 'dst.ip', '=', other);
    const back = await rowsOf('flows', 'src.ip', '=', other, 'and', 'dst.ip', '=', one);
    const rows = await rowsOf('timeline', other, one);
    const texts = (some: readonly Row[]): string[] => some.map((row) => JSON.stringify(row)).sort();
    expect(forward.length).toBeGreaterThan(0);
    expect(texts(rows)).toEqual(texts([...forward, ...back]));
    const times = rows.map((row) => String(row['time']));
    expect(times).toEqual([...times].sort());
  });

  test('with a port lists the conversations of that port only; port names work, too', async () => {
    const rows = await rowsOf('timeline', one, `${other}:ssh`);
    expect(rows).toEqual(await rowsOf('timeline', `${other}:22`, one, 'tcp'));
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row['dst_port']))).toEqual(new Set([22]));
  });

  test('draws the bandwidth and says what each sent', async () => {
    const ask = (env: Record<string, string>): ReturnType<typeof nsgflow> =>
      nsgflow(['timeline', one, other, '--lake', lake, '-o', 'table'], { env });
    const [rich, plain] = await Promise.all([ask({ TERM: 'xterm' }), ask({ TERM: 'dumb' })]);
    expect(rich.err).toMatch(/^bandwidth +[▁▂▃▄▅▆▇█ ]*█/m);
    expect(plain.err).toMatch(/^bandwidth +[ -~]*@/m);
    expect(rich.err).toMatch(/bit\/s/);
    const rows = await rowsOf('timeline', one, other);
    const sent = rows.reduce(
      (sum, row) => sum + Number(row[row['src_ip'] === one ? 'bytes_forward' : 'bytes_reverse'] ?? 0),
      0,
    );
    expect(sent).toBeGreaterThan(1000);
    expect(rich.err).toContain(`${one} sent ${(sent / 1000).toFixed(1)} kB`);
    for (const line of rich.err.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('wrong hosts are named, and hosts that never talked are told so', async () => {
    const wrong = await nsgflow(['timeline', '10.0.0', one, '--lake', lake]);
    expect([wrong.code, wrong.err.split('\n')[0]]).toEqual([
      2,
      'nsgflow: the host "10.0.0" is neither an address nor an address with a port',
    ]);
    const none = await nsgflow(['timeline', one, '192.0.2.99', '--lake', lake, '-o', 'table']);
    expect([none.code, none.err]).toEqual([0, 'no conversation between them\n']);
  });
});

describe('a sparkline', () => {
  test('is relative to the largest value', () => {
    expect(sparkline([0, 1, 4, 8], false)).toBe(' ▂▅█');
    expect(sparkline([0, 1, 4, 8], true)).toBe(' :+@');
    expect(sparkline([], false) + sparkline([0, 0], false)).toBe('  ');
  });
});
