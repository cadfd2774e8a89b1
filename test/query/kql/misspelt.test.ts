/** Misspelt names of operators and functions: the error names what is meant. */
import { expect, test } from 'vitest';
import { KqlError } from '../../../src/query/kql/lower/kql-error.ts';
import { planKql } from '../../../src/query/kql/kql.ts';

/** The sentence and the hint of the error of a text. */
async function errorOf(text: string): Promise<string> {
  try {
    await planKql(text, { tables: [] }, undefined, () => Promise.resolve([]));
  } catch (error) {
    if (error instanceof KqlError) return `${error.message.split('\n')[0]} / ${error.hint}`;
    throw error;
  }
  return 'no error';
}

test.each([
  ['project-awy x', 'project-awy', 'project-away'],
  ['project-kep x', 'project-kep', 'project-keep'],
  ['project-renam y = x', 'project-renam', 'project-rename'],
  ['project-reordr x', 'project-reordr', 'project-reorder'],
  ['projct-away x', 'projct-away', 'project-away'],
  ['top-nestd 2 of x by sum(x)', 'top-nestd', 'top-nested'],
  ['top-hiters 2 of x', 'top-hiters', 'top-hitters'],
  ['mv-expnd x', 'mv-expnd', 'mv-expand'],
  ['mv-aply x on (take 1)', 'mv-aply', 'mv-apply'],
  ['make-seres count() on x from 1 to 3 step 1', 'make-seres', 'make-series'],
  ['parse-wher x with y', 'parse-wher', 'parse-where'],
  ['parse-k x as (y: int)', 'parse-k', 'parse-kv'],
  ['sample-distnct 3 of x', 'sample-distnct', 'sample-distinct'],
  ['where "| a-b" != "" | project-awy x', 'project-awy', 'project-away'],
  ['sumarize count()', 'sumarize', 'summarize'],
])('of the operator in %s', async (text, word, meant) => {
  const error = await errorOf(`range x from 1 to 3 step 1 | ${text}`);
  expect(error).toMatch(/^line 1, column \d+: /);
  expect(error).toContain(`there is no operator ${word} / Did you mean ${meant}?`);
});

test.each([
  ['print strlenn("a")', 'strlen'],
  ['range x from 1 to 3 step 1 | extend y = tostrng(x)', 'tostring'],
  ['range x from 1 to 3 step 1 | summarize make_lst(x)', 'make_list'],
])('of the function in %s', async (text, meant) => {
  expect(await errorOf(text)).toContain(`Did you mean ${meant}?`);
});

test('a text with a hyphen behind | is no operator', async () => {
  expect(await errorOf('print x = "| foo-bar" | project z')).toContain('there is no column z');
});
