import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { completions, runShell } from '../../src/cli/question/sql-shell.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell asks and writes for some input. */
async function shell(text: string, historyFile?: string): Promise<{ asked: string[]; said: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked: string[] = [];
  input.end(text);
  await runShell(
    { input, output, isTerminal: false, historyFile },
    {
      run: (sql) => {
        asked.push(sql);
        if (sql.includes('nope')) return Promise.reject(new FlowError('sql-failed', 'there is no view nope'));
        return Promise.resolve();
      },
      columns: () => Promise.resolve(['tuples_column', 'flows_column', 'conversations_column']),
    },
  );
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
    const path = join(folder, 'state', 'query-history');
    await shell('select 1;\nselect\n 2;\n.help\nselect 2;\n', path);
    await shell('select 3;\n', path);
    expect(readFileSync(path, 'utf8')).toBe('select 1;\nselect 2;\nselect 3;\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, 'file'), '');
    expect((await shell('select 1;\n', join(folder, 'file', 'history'))).asked).toEqual(['select 1']);
  });

  test('completes words of SQL, views, columns and commands', () => {
    const words = ['select', '.schema', 'flows', 'flows_column'];
    expect(completions('select * from fl', words)).toEqual([['flows', 'flows_column'], 'fl']);
    expect(completions('.s', words)).toEqual([['.schema'], '.s']);
    expect(completions('select * from ', words)).toEqual([[], '']);
  });
});
