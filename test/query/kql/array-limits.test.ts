/** Arrays that aggregates make have a greatest length. */
import { afterAll, expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { askKql } from '../../../src/query/kql/kql.ts';

const isLong = process.env['NSGFLOW_LONG'] === '1';
const engine = openEngineWithoutLake();
afterAll(() => engine.close());

async function rowOf(text: string): Promise<unknown[]> {
  const { answer } = await askKql(engine, text, { tables: [] });
  const rows: unknown[][] = [];
  for await (const chunk of answer.chunks) rows.push(...chunk);
  return rows[0];
}

test('lists and sets have so many elements at most as is asked for', async () => {
  const text = `range x from 1 to 9 step 1 | extend g = x % 4, b = bag_pack(strcat("k", x % 3), x)
    | summarize make_list(x, 2), make_list_if(x, x > 6, 2), make_set(g, 3), make_set_if(g, g < 2, 9), make_list(x, 0),
      make_bag(b, 2), make_bag_if(b, x > 3)`;
  expect(await rowOf(text)).toEqual([[1, 2], [7, 8], [1, 2, 3], [1, 0], [], { k1: 1, k2: 2 }, { k1: 4, k2: 5, k0: 6 }]);
});

test('a set of arrays has their elements, and equal ones once', async () => {
  const text =
    'datatable(d: dynamic)[dynamic([1, 2]), dynamic([2, 1.0]), "a", dynamic({"b": 1}), dynamic(null), dynamic([]), "a"] | summarize s = make_set(d), t = make_set(d, 2)';
  expect(await rowOf(text)).toEqual([
    [1, 2, 'a', { b: 1 }],
    [1, 2],
  ]);
});

test.runIf(isLong)(
  'further elements than a limit are left out',
  async () => {
    const rows = limits.kqlArrayItemsMax + 5;
    const text = `range x from 1 to ${rows} step 1
    | summarize a = make_list(x), b = make_set(x), c = make_list_if(x, x > 2), d = make_list_with_nulls(x)
    | project array_length(a), array_length(b), array_length(c), array_length(d), a[0], b[0], c[0]`;
    const most = limits.kqlArrayItemsMax;
    expect(await rowOf(text)).toEqual([most, most, most, most, 1, 1, 3]);
  },
  120_000,
);

test('bags of many names become one in one pass', async () => {
  const count = isLong ? 300_000 : 3000;
  const text = `range x from 1 to ${count} step 1 | summarize b = make_bag(bag_pack(strcat("k", x), x)) | project array_length(bag_keys(b)), b.k7`;
  expect(await rowOf(text)).toEqual([count, 7]);
}, 120_000);
