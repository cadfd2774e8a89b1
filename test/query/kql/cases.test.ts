/**
 * Asks the list of cases, each with an engine that has no lake, as `nsgflow query` does. A sample of them every day, all in the long run. No answer may be
 * wrong; what is refused by its name is counted. Ids of cases that are not right stand in the output.
 */
import { afterAll, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { askKql } from '../../../src/query/kql/kql.ts';
import { lakeTables } from '../../../src/query/kql/lake-tables.ts';
import type { Json, KqlCase } from './cases.ts';
import { differenceOf, kqlCases } from './cases.ts';

const isLong = process.env['NSGFLOW_LONG'] === '1';
/** Every how many cases one is asked. */
const step = isLong ? 1 : 16;
const rightShareMin = 0.97;

const engine = openEngineWithoutLake();
afterAll(() => engine.close());

type Verdict = 'right' | 'refused' | 'wrong';

/** What became of a case, and why where it is not right. */
async function judge(one: KqlCase): Promise<[Verdict, string]> {
  try {
    const { plan, answer } = await askKql(engine, one.query, { tables: [] });
    const rows: Json[][] = [];
    for await (const chunk of answer.chunks)
      rows.push(...chunk.map((row) => row.map((cell) => (typeof cell === 'bigint' ? String(cell) : cell))));
    const columns = plan.columns.map(({ name, type }) => [name, type] as const);
    const difference = differenceOf(one, columns, rows);
    return difference === undefined ? ['right', ''] : ['wrong', difference];
  } catch (error) {
    const isRefused = error instanceof FlowError && (error.code === 'kql-unsupported' || error.code === 'kql-invalid');
    const [sentence] = String(error instanceof Error ? error.message : error).split('\n');
    return [isRefused ? 'refused' : 'wrong', sentence ?? ''];
  }
}

test(`of the list of cases${isLong ? '' : ' (a sample)'}, none is answered wrongly, and nearly all are answered`, async () => {
  const asked = kqlCases().filter((_, at) => at % step === 0);
  const counts = { right: 0, refused: 0, wrong: 0 };
  const notRight: string[] = [];
  for (const one of asked) {
    const [verdict, why] = await judge(one);
    counts[verdict]++;
    if (verdict !== 'right') notRight.push(`${verdict} ${one.id}: ${why}`);
  }
  const summary = `${asked.length} cases: ${counts.right} right, ${counts.refused} refused, ${counts.wrong} wrong`;
  process.stderr.write(`${[summary, ...notRight].join('\n')}\n`);
  expect(
    notRight.filter((line) => line.startsWith('wrong')),
    summary,
  ).toEqual([]);
  expect(counts.right / asked.length, summary).toBeGreaterThanOrEqual(rightShareMin);
}, 600_000);

test.each([
  ['Tuples | summarise count()', 'summarise', 'Did you mean summarize?'],
  ['Tuples | wehre dst_port == 22', 'wehre', 'Did you mean where?'],
  ['Tuples | take 3 | projct src_ip', 'projct', 'Did you mean project?'],
  ['Tuples | projet-away time', 'projet-away', 'Did you mean project-away?'],
  ['Tuples | frobnicate x', 'frobnicate', 'docs/reference/kql.md lists the operators.'],
])('%s: the operator is named, with its place and the one that was meant', async (text, word, hint) => {
  const at = text.indexOf(word);
  const marked = `${text}\n  ${' '.repeat(at)}${'^'.repeat(word.length)}`;
  const message = `line 1, column ${at + 1}: there is no operator ${word}\n\n  ${marked}`;
  await expect(askKql(engine, text, { tables: lakeTables })).rejects.toMatchObject({
    code: 'kql-invalid',
    message,
    hint,
  });
});
