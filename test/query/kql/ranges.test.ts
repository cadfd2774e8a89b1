import { afterAll, expect, test } from 'vitest';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { askKql } from '../../../src/query/kql/kql.ts';

const engine = openEngineWithoutLake();
afterAll(() => engine.close());

/** Addresses, and what looks like one. */
const texts = [
  '10.1.2.3',
  '10.1.2.255',
  '10.1.3.0',
  '172.15.9.9',
  '172.16.0.1',
  '172.31.255.255',
  '172.32.0.0',
  '0.0.0.0',
  '255.255.255.255',
  '010.1.2.3',
  ' 10.1.2.3 ',
  '10.1.2.3/8',
  '10.1.2.3/30',
  '10.1.2',
  '10.1.2.3.4',
  '10.1.2.256',
  '10.x',
  '',
  '::1',
  '::ffff:10.1.2.3',
  'fe80::1',
];

test('a range that is constant holds the same texts as one of a column', async () => {
  const ranges = [
    '10.0.0.0/8',
    '10.1.2.0/24',
    '10.1.2.0/25',
    '172.16.0.0/12',
    '0.0.0.0/0',
    '10.1.2.3',
    '10.1.2.3/31',
    '128.0.0.0/1',
  ];
  const columns = ranges.flatMap((range, i) => [
    `a${i} = ipv4_is_in_range(ip, '${range}')`,
    `b${i} = ipv4_is_in_range(ip, tostring(dynamic(${JSON.stringify(ranges)})[i + ${i}]))`,
  ]);
  const anyOf = ranges.slice(1, 4).map((range) => `'${range}'`);
  const text = `datatable(ip: string, i: int)[${texts.map((one) => `'${one}', 0`).join(', ')}]
    | project ip, ${columns.join(', ')}, c = ipv4_is_in_any_range(ip, ${anyOf.join(', ')}),
      d = ipv4_is_in_any_range(ip, ${anyOf.slice(0, 2).join(', ')}, tostring(dynamic(['172.16.0.0/12'])[i]))`;
  const { answer } = await askKql(engine, text, { tables: [] });
  const rows: unknown[][] = [];
  for await (const chunk of answer.chunks) rows.push(...chunk);
  expect(rows.map(([ip]) => ip)).toEqual(texts);
  for (const [ip, ...values] of rows)
    for (let i = 0; i < values.length; i += 2)
      expect([ip, ranges[i / 2], values[i]]).toEqual([ip, ranges[i / 2], values[i + 1]]);
});
