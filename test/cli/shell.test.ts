import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { kqlLanguage, sqlLanguage } from '../../src/cli/question/shell-language.ts';
import type { ShellLanguage } from '../../src/cli/question/shell-language.ts';
import { completions, runShell } from '../../src/cli/question/shell.ts';
import { lakeTables } from '../../src/query/kql/lake-tables.ts';
import { declared } from '../../src/query/kql/kql.ts';
import { completeText } from '../../src/query/kql/language/language-thread.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sql = sqlLanguage(['flows_column', 'tuples_column', 'conversations_column']);
const kql = kqlLanguage(lakeTables, (text) => completeText(text, text.length, lakeTables.map(declared)));

/** What a shell asks and writes for some input. */
async function shell(
  text: string,
  { language = sql, historyFile }: { readonly language?: ShellLanguage; readonly historyFile?: string } = {},
): Promise<{ asked: string[]; said: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked: string[] = [];
  input.end(text);
  await runShell({ input, output, isTerminal: false, historyFile }, language, (one) => {
    asked.push(one);
    if (one.includes('nope')) return Promise.reject(new FlowError('sql-failed', 'there is no view nope'));
    return Promise.resolve();
  });
  output.end();
  return { asked, said: await textOf(output) };
}

describe('the shell of query', () => {
  test('asks each statement, over several lines too, until .quit', async () => {
    const { asked } = await shell('select 1;\n\nselect\n  2\n;\nselect 3;;\n.quit\nselect 4;\n');
    expect(asked).toEqual(['select 1', 'select\n  2', 'select 3']);
    expect((await shell('select 5;\nselect 6')).asked).toEqual(['select 5', 'select 6']);
  });

  test('goes on after a statement that fails, and names unknown commands', async () => {
    const { asked, said } = await shell('select * from nope;\n.tabels\nselect 1;\n');
    expect(asked).toEqual(['select * from nope', 'select 1']);
    expect(said).toContain('there is no view nope\n');
    expect(said).toContain('there is no command .tabels: .tables, .schema, .help, .quit\n');
  });

  test('.tables, .schema and .help show what there is', async () => {
    const { asked, said } = await shell('.tables\n.schema flows\n.schema\n.help\n');
    expect(said).toMatch(/^tuples .+\nflows .+\nconversations .+\n/);
    expect(said).toContain('.quit');
    expect(asked[0]).toBe('select column_name as "flows", column_type as type from (describe "flows")');
    expect(asked).toHaveLength(4);
  });

  test('keeps a history that only its user can read', async () => {
    const path = join(folder, 'state', 'sql-history');
    await shell('select 1;\nselect\n 2;\n.help\nselect 2;\n', { historyFile: path });
    await shell('select 3;\n', { historyFile: path });
    expect(readFileSync(path, 'utf8')).toBe('select 1;\nselect 2;\nselect 3;\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, 'file'), '');
    expect((await shell('select 1;\n', { historyFile: join(folder, 'file', 'history') })).asked).toEqual(['select 1']);
  });

  test('completes words of SQL, views, columns and commands', async () => {
    expect(await completions('', 'select * from fl', sql)).toEqual([['flows', 'flows_column'], 'fl']);
    expect(await completions('', '.s', sql)).toEqual([['.schema'], '.s']);
    expect(await completions('', 'select * from ', sql)).toEqual([[], '']);
  });

  test('a query of KQL ends behind its last statement', async () => {
    const { asked } = await shell('let few = 3;\nTuples | take few;\nprint 1;\n.schema Flows\n', { language: kql });
    expect(asked).toEqual(['let few = 3;\nTuples | take few', 'print 1', 'Flows | getschema']);
    expect((await shell('.tables\n', { language: kql })).said).toMatch(/^Conversations\s.+\nFlows\s.+\nTuples\s.+\n/);
  });

  test('completes columns and operators of KQL, over several lines too', async () => {
    expect(await completions('Tuples', '| where src_i', kql)).toEqual([['src_ip'], 'src_i']);
    expect((await completions('', 'Tuples | summ', kql))[0].map((word) => word.trim())).toContain('summarize');
    expect(await completions('', "print '", kql)).toEqual([[], expect.any(String)]);
  });
});
