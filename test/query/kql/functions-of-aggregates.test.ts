import { expect, test } from 'vitest';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { askKql } from '../../../src/query/kql/kql.ts';

test('a function of the query takes aggregates', async () => {
  const engine = openEngineWithoutLake();
  try {
    const text = 'let f = (x: long) { x + x }; range n from 1 to 3 step 1 | summarize z = f(sum(n))';
    const { answer } = await askKql(engine, text, { tables: [] });
    const rows: unknown[][] = [];
    for await (const chunk of answer.chunks) rows.push(...chunk);
    expect(rows).toEqual([[12]]);
  } finally {
    await engine.close();
  }
});
