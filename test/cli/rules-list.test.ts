import { describe, expect, test } from 'vitest';
import { exampleLake } from './example-lake.ts';
import { nsgflow } from './nsgflow.ts';

const { network, lake } = exampleLake();

type Row = Record<string, string | number | null>;

async function rowsOf(...words: string[]): Promise<Row[]> {
  const { code, out } = await nsgflow([...words, '-o', 'json']);
  expect([words, code]).toEqual([words, 0]);
  return JSON.parse(out) as Row[];
}

const list = (...words: string[]): Promise<Row[]> =>
  rowsOf('rules', 'list', ...words, '--network', network, '--lake', lake);

describe('rules list', () => {
  test('has every rule of nsg show once, with the hits of the logs', async () => {
    const sql =
      'select lower(nsg) nsg, direction, rule, count(*) hits, max(last_time) last_hit, ' +
      'sum(bytes_forward + bytes_reverse) bytes from flows group by all';
    const [rules, shown, logged] = await Promise.all([
      list(),
      rowsOf('nsg', 'show', '--network', network),
      rowsOf('query', '--lake', lake, '--sql', sql),
    ]);
    const keysOf = (rows: readonly Row[], name: string): string[] =>
      rows.map((row) => [row['nsg'], row['direction'], row['priority'], row[name]].join(' '));
    expect(keysOf(rules, 'rule')).toEqual(keysOf(shown, 'name'));
    for (const rule of rules) {
      const logName = `${rule['kind'] === 'default' ? 'DefaultRule' : 'UserRule'}_${rule['rule']}`;
      const row = logged.find(
        (one) => one['nsg'] === rule['nsg'] && one['direction'] === rule['direction'] && one['rule'] === logName,
      );
      expect([logName, rule['hits'], rule['bytes'], rule['last_hit']]).toEqual([
        logName,
        row?.['hits'] ?? 0,
        row?.['bytes'] ?? null,
        row?.['last_hit'] ?? null,
      ]);
    }
    const total = (rows: readonly Row[]): number => rows.reduce((sum, row) => sum + Number(row['hits']), 0);
    expect(total(rules)).toBe(total(logged));
    expect(rules.filter((rule) => rule['hits'] === 0).length).toBeGreaterThan(0);
  });

  test('takes one NSG and a time', async () => {
    const rules = await list('NSG-WEB', '--until', '2020-01-01');
    expect(rules.length).toBeGreaterThan(6);
    expect(new Set(rules.map((rule) => `${rule['nsg']} ${rule['hits']}`))).toEqual(new Set(['nsg-web 0']));
  });

  test('names wrong input', async () => {
    const none = await nsgflow(['rules', 'list', 'nsg-wbe', '--network', network, '--lake', lake]);
    expect([none.code, none.err.split('\n')[0]]).toEqual([3, 'nsgflow: the network has no NSG "nsg-wbe"']);
    const without = await nsgflow(['rules', 'list', '--lake', lake]);
    expect([without.code, without.err.split('\n')[0]]).toEqual([2, 'nsgflow: name a network: --network FILE']);
  });
});
