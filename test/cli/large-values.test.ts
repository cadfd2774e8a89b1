/** Values at the ends of what flow logs can say, through every command that reads or writes them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-large-values-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const most = '9223372036854775807';
const log = (flowTuples: unknown): string =>
  JSON.stringify({
    records: [
      {
        time: '2025-11-20T10:01:00Z',
        macAddress: '000D3A112233',
        category: 'NetworkSecurityGroupFlowEvent',
        resourceId: '/SUBSCRIPTIONS/0/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N',
        properties: { Version: 2, flows: [{ rule: 'UserRule_a', flows: [{ mac: '000D3A112233', flowTuples }] }] },
      },
    ],
  });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('counters up to 2^63 - 1 and IPv4-mapped addresses are exact in every output', async () => {
  const tuples = [
    `1763632800,::ffff:10.0.0.5,203.0.113.9,1000,443,T,O,A,E,${most},${most},9007199254740993,${most}`,
    `1763632801,10.0.0.6,203.0.113.9,1001,443,T,O,A,E,1,18446744073709551677,3,4`,
  ];
  const source = file('counters.json', log(tuples));
  const lake = join(folder, 'lake');
  const ingested = await nsgflow(['ingest', source, '--lake', lake, '--stats', 'json']);
  expect(JSON.parse(ingested.out)).toMatchObject({ tuples: 2, mended: 0, rejected: 1 });
  expect(ingested.err).toContain('counter-too-large');
  const expected = {
    src_ip: '::ffff:10.0.0.5',
    packets_forward: most,
    bytes_forward: most,
    packets_reverse: '9007199254740993',
    bytes_reverse: most,
  };
  for (const from of [
    ['--lake', lake],
    ['-i', source],
  ]) {
    const rows = JSON.parse((await nsgflow(['flows', ...from, '--tuples', '--first', '-o', 'json'])).out) as unknown[];
    expect(rows).toMatchObject([expected, { src_ip: '10.0.0.6', packets_forward: 1, bytes_forward: null }]);
    expect((await nsgflow(['flows', ...from, '-o', 'csv'])).out).toContain(
      `,${most},${most},9007199254740993,${most},`,
    );
    if (from[0] === '-i') continue;
    // The sum of both directions takes more than 64 bits, in the kernel's question as in those of SQL.
    for (const more of [[], ['bytes > 5']]) {
      const top = await nsgflow(['top', '--by', 'src.ip', ...from, '-o', 'json', ...more]);
      expect(JSON.parse(top.out)).toMatchObject([
        { src_ip: '::ffff:10.0.0.5', bytes: '18446744073709551614' },
        ...(more.length === 0 ? [{}] : []),
      ]);
    }
    const found = await nsgflow(['count', ...from, 'src = ::ffff:10.0.0.5']);
    expect(JSON.parse(found.out)).toMatchObject({ tuples: 1 });
  }
  const converted = join(folder, 'vnet');
  expect((await nsgflow(['convert', source, '--to', converted, '--format', 'vnet', '--strict'])).code).toBe(1);
  const [path] = readdirSync(converted, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  expect(readFileSync(join(converted, path), 'utf8')).toContain(
    `1763632800000,::ffff:10.0.0.5,203.0.113.9,1000,443,6,O,E,NX,${most},${most},9007199254740993,${most}`,
  );
});

test('a compaction keeps counters exactly', async () => {
  const lake = join(folder, 'compacted');
  for (const port of [1, 2])
    await nsgflow([
      'ingest',
      file(
        `part${port}.json`,
        log([`1763632800,10.0.0.5,203.0.113.9,${port},443,T,O,A,E,${most},9007199254740993,0,4`]),
      ),
      '--lake',
      lake,
    ]);
  expect((await nsgflow(['lake', 'compact', '--lake', lake])).code).toBe(0);
  const rows = JSON.parse((await nsgflow(['flows', '--first', '--lake', lake, '-o', 'json'])).out) as unknown[];
  const counters = { packets_forward: most, bytes_forward: '9007199254740993', packets_reverse: 0, bytes_reverse: 4 };
  expect(rows).toMatchObject([counters, counters]);
});

test.each([
  ['a text that is no tuple', '@{rule=x}'],
  ['true', true],
  ['an object', { text: '1763632800,10.0.0.5,203.0.113.9,1000,443,T,O,A,E,1,2,3,4' }],
])('flowTuples of %s: reported, and --strict fails', async (name, flowTuples) => {
  const source = file('wrong.json', log(flowTuples));
  const to = join(folder, `to ${name}`);
  const converted = await nsgflow(['convert', source, '--to', to, '--format', 'vnet', '--strict']);
  expect(converted.code).toBe(1);
  expect(converted.err).toMatch(/^rejected: .*: (?:flows-unreadable|tuple-malformed): /m);
});

test('one tuple as a text is read, and nothing is lost', async () => {
  const source = file('text.json', log('1763632800,10.0.0.5,203.0.113.9,1000,443,T,O,A,E,1,2,3,4'));
  const converted = await nsgflow([
    'convert',
    source,
    '--to',
    join(folder, 'text'),
    '--format',
    'vnet',
    '--report',
    'json',
  ]);
  expect(JSON.parse(converted.out)).toMatchObject({ tuples: { converted: 1 }, rejected: 0, mended: 0 });
});
