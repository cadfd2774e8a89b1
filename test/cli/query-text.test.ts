import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../src/lake/lake.ts';
import { ingestBlob } from '../lake/flows/settled-lake.ts';
import { nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-query-text-'));
const lake = join(folder, 'lake');

beforeAll(async () => {
  const opened = await openLake(lake, { create: true });
  await ingestBlob(opened, 'c/b', [
    { tuples: [{ time: Date.parse('2026-11-20T10:00:00Z'), src: '10.0.0.1', dst: '10.0.0.2' }] },
  ]);
  await opened.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = async (input: string, ...words: string[]): Promise<[number | null, string, string]> => {
  const { code, out, err } = await nsgflow(['query', ...words, '--lake', lake, '-o', 'csv'], { input });
  return [code, out, err.split('\n')[0]];
};

describe('the text of query', () => {
  test('is an argument, standard input or a file', async () => {
    const file = join(folder, 'q.sql');
    writeFileSync(file, '-- how many\nselect count(*) as n from tuples;\n');
    const one = [0, 'n\n1\n', ''];
    const sql = 'select count(*) as n from tuples';
    expect(await ask('', '--sql', sql)).toEqual(one);
    expect(await ask('', sql, '--sql')).toEqual(one);
    expect(await ask(sql, '--sql')).toEqual(one);
    expect(await ask('', '--sql', '-f', file)).toEqual(one);
    expect(await ask(sql, '--sql', '-f', '-')).toEqual(one);
  });

  test('is KQL without --sql', async () => {
    expect(await ask('', 'Tuples | count')).toEqual([0, 'Count\n1\n', '']);
    expect(await ask('Tuples | summarize n = count()')).toEqual([0, 'n\n1\n', '']);
  });

  test('of KQL has its parameters and times filled in', async () => {
    const where = "Tuples | where src_ip == '{Address}' | count";
    expect(await ask('', where, '--param', 'Address=10.0.0.1')).toEqual([0, 'Count\n1\n', '']);
    expect(await ask('', 'Tuples | take {Rows}')).toEqual([
      2,
      '',
      'nsgflow: line 1, column 15: the parameter {Rows} has no value',
    ]);
    expect(await ask('', 'print 1', '--param', 'Rows')).toEqual([
      2,
      '',
      'nsgflow: --param takes Name=value, not "Rows"',
    ]);
    const macro = "Tuples | where $__timeFilter(['time']) | count";
    expect(await ask('', macro, '--from', '2026-11-20T09:00Z')).toEqual([0, 'Count\n1\n', '']);
    expect(await ask('', macro, '--from', '2026-11-20T11:00Z')).toEqual([0, 'Count\n0\n', '']);
    expect(await ask('', 'Tuples | count', '--to', '2026-11-20T10:00Z')).toEqual([0, 'Count\n0\n', '']);
  });

  test('of KQL is kept under a name that no table has', async () => {
    const env = { XDG_CONFIG_HOME: folder };
    const query = (...words: string[]) => nsgflow(['query', ...words, '--lake', lake, '-o', 'csv'], { env });
    expect(await query('Tuples | count', '--save', 'all')).toMatchObject({ code: 0, out: 'Count\n1\n' });
    expect(statSync(join(folder, 'nsgflow/queries/all.kql')).mode & 0o777).toBe(0o600);
    expect(await query('all')).toMatchObject({ code: 0, out: 'Count\n1\n' });
    expect((await query('print 1', '--save', 'Tuples')).code).toBe(2);
    expect((await query('print 1', '--save', '../all')).code).toBe(2);
  });

  test('of KQL prints exact JSON, and explains itself', async () => {
    const text =
      "print big = 9007199254740993, exact = todecimal('1.5'), nan = real(nan), t = datetime(2026-11-20T10:00:00.5), " +
      "s = 26h + 1ms, none = tostring(dynamic(null)), d = dynamic({'a': [1, null]})";
    const { out, err } = await nsgflow(['query', text, '-o', 'json', '--explain']);
    expect(out).toContain(
      '{"big":9007199254740993,"exact":"1.5","nan":"NaN","t":"2026-11-20T10:00:00.5Z","s":"1.02:00:00.0010000","none":"","d":{"a":[1,null]}}',
    );
    expect(err).toMatch(/^tree\n\{/);
    expect(err).toContain('\nsql\nSELECT');
    expect(err).not.toContain('9007199254740993\n\nSELECT');
  });

  test('is given once, and not beside logs of standard input', async () => {
    expect(await ask('', 'select 1', '--sql', 'select 2')).toEqual([
      2,
      '',
      'nsgflow: the text stands in --sql and in the arguments: give it once',
    ]);
    const { code, err } = await nsgflow(['query', '--sql', '-i', '-']);
    expect([code, err.split('\n')[0]]).toEqual([
      2,
      'nsgflow: standard input has the logs of -i -: name the text of the question',
    ]);
    expect(await ask('', '--sql')).toEqual([2, '', 'nsgflow: the SQL text is empty']);
  });

  test('sees the views tuples, flows and conversations', async () => {
    const sql =
      'select (select count(*) from flows where observer = 0) = (select count(*) from conversations) as same, ' +
      '(select count(*) from tuples) as tuples';
    expect(await ask('', '--sql', sql)).toEqual([0, 'same,tuples\ntrue,1\n', '']);
  });
});
