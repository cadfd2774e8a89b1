import { afterAll, beforeAll, expect, test } from 'vitest';
import { project, scan, sort, summarize } from '../../../src/query/relation/build.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { call, column, textValue } from '../../../src/query/relation/expression.ts';
import type { Tables } from '../../../src/query/relation/interpret.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import { tableColumns } from '../../../src/query/relation/tables.ts';
import type { Row, Value } from '../../../src/query/relation/value.ts';
import type { Clickhouse } from '../sql/chdb.ts';
import { startClickhouse } from '../sql/chdb.ts';
import type { MadeLake } from '../sql/made-tables.ts';
import { askDuckdb, cellsOf, writeTables } from '../sql/made-tables.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const empty: Row = Object.fromEntries(tableColumns.tuples.map(({ name }) => [name, null]));

/** Rows of two rules: texts with what patterns and replacements could mistake, numbers, and nothing. */
const rows: readonly [rule: string | null, nsg: Value, port: Value][] = [
  ['UserRule_a$b', 'web', 443n],
  ['UserRule_a$b', 'ÄÖ\n|', 22n],
  ['UserRule_a$b', 'web', 443n],
  ['UserRule_a$b', null, 8080n],
  ['x.y\\z', null, null],
  [null, '', 7n],
  [null, "o'k\\1", 1n],
];
const tables: Tables = {
  tuples: rows.map(([rule, nsg, port]) => ({ ...empty, rule, nsg, dst_port: port })),
  flows: [],
};

let lake: MadeLake;
let clickhouse: Clickhouse | undefined;
beforeAll(async () => {
  lake = await writeTables(tables);
  if (long) clickhouse = await startClickhouse('/');
}, 600_000);
afterAll(async () => {
  clickhouse?.close();
  await lake.close();
});

async function expectAlike(relation: Relation, expected: readonly unknown[]): Promise<void> {
  expect(cellsOf(relation, interpret(relation, tables))).toEqual(expected);
  expect(await askDuckdb(lake, relation)).toEqual(expected);
  if (clickhouse !== undefined) expect(await clickhouse.ask(lake.files, relation)).toEqual(expected);
}

const nsg = column('nsg');
const port = column('dst_port');

test.each<[string, Expression, readonly unknown[]]>([
  ['upper', call('upper', nsg), ['WEB', 'ÄÖ\n|', 'WEB', null, null, '', "O'K\\1"]],
  ['digits', call('digits', port), ['443', '22', '443', '8080', null, '7', '1']],
  [
    'concat',
    call('concat', nsg, textValue('|'), call('digits', port)),
    ['web|443', 'ÄÖ\n||22', 'web|443', null, null, '|7', "o'k\\1|1"],
  ],
  [
    'replace_matches, with a group and a dollar',
    call('replace_matches', column('rule'), textValue('^(user|default)rule_(.)|\\.(y)'), textValue('$&<\\2\\3\\\\>')),
    ['UserRule_a$b', 'UserRule_a$b', 'UserRule_a$b', 'UserRule_a$b', 'x$&<y\\>\\z', null, null],
  ],
  [
    'replace_matches, all of them',
    call('replace_matches', column('rule'), textValue('(?i)[uxr]'), textValue('-\\0')),
    ['-Use-r-R-ule_a$b', '-Use-r-R-ule_a$b', '-Use-r-R-ule_a$b', '-Use-r-R-ule_a$b', '-x.y\\z', null, null],
  ],
])('%s', (_, value, expected) =>
  expectAlike(
    project(scan('tuples'), [{ name: 'value', value }]),
    expected.map((one) => [one]),
  ),
);

test('a set has what is different and not null, in order; of lists it has their elements', async () => {
  const ofRules = summarize(
    scan('tuples'),
    ['rule'],
    [
      { name: 'ports', function: 'set', argument: port },
      { name: 'names', function: 'set', argument: nsg },
    ],
  );
  const joined = (list: string): Expression => call('join_list', column(list), textValue(', '));
  await expectAlike(
    sort(
      project(ofRules, ['rule', { name: 'ports', value: joined('ports') }, { name: 'names', value: joined('names') }]),
      'rule',
    ),
    [
      ['UserRule_a$b', '22, 443, 8080', 'web, ÄÖ\n|'],
      ['x.y\\z', '', ''],
      [null, '1, 7', ", o'k\\1"],
    ],
  );
  const all = summarize(ofRules, [], [{ name: 'ports', function: 'set', argument: column('ports') }]);
  await expectAlike(project(all, [{ name: 'ports', value: joined('ports') }]), [['1, 7, 22, 443, 8080']]);
});
