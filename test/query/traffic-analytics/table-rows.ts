/** Rows of Traffic Analytics' tables over made-up tuples, as the interpreter and DuckDB give them. */
import type { KqlTable } from '../../../src/query/kql/table.ts';
import { project } from '../../../src/query/relation/build.ts';
import type { Names } from '../../../src/enrich/names.ts';
import type { NameLookup } from '../../../src/query/relation/interpret.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import type { Cell } from '../../../src/query/engine/result.ts';
import { parseTrafficAnalytics } from '../../../src/query/traffic-analytics/settings.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';
import type { QueryRange } from '../../../src/query/tree.ts';
import type { PlainRow } from '../../lake/plain-rows.ts';
import { isPublic } from './plain-reduction.ts';
import { askDuckdb, cellsOf, writeTables } from '../sql/made-tables.ts';
import { tablesOfRows } from '../tables-of-rows.ts';

/** Public addresses are in Australia, those of IPv6 in Germany. */
export const plainNames: Names = {
  changes: [],
  applications: () => Promise.resolve(new Map()),
  look: (address) =>
    isPublic(address) ? { place: 'public', country: address.includes(':') ? 'DE' : 'AU' } : { place: 'private' },
};

export const plainLookup: NameLookup = (attribute, address) => plainNames.look(address, 0)[attribute] ?? null;

export interface Asked {
  readonly table?: string;
  readonly settings?: readonly string[];
  readonly range?: QueryRange;
}

export interface Answers {
  /** By name of the column, in an order of their texts. */
  readonly interpreted: readonly Readonly<Record<string, Cell>>[];
  readonly asked: readonly Readonly<Record<string, Cell>>[];
}

/** The columns of a table over tuples, by both. */
export async function rowsOfTable(
  tuples: readonly PlainRow[],
  columns: readonly string[],
  { table = 'NTANetAnalytics', settings = [], range = {} }: Asked = {},
): Promise<Answers> {
  const relation = selected(tableNamed(table, settings), columns, range);
  const tables = tablesOfRows(tuples);
  const lake = await writeTables(tables);
  try {
    return {
      interpreted: byText(named(columns, cellsOf(relation, interpret(relation, tables, plainLookup)))),
      asked: byText(named(columns, await askDuckdb(lake, relation, plainNames))),
    };
  } finally {
    await lake.close();
  }
}

export function tableNamed(name: string, settings: readonly string[]): KqlTable {
  const found = trafficAnalyticsTables(parseTrafficAnalytics(settings)).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no table ${name}`);
  return found;
}

function selected(table: KqlTable, names: readonly string[], range: QueryRange): Relation {
  const columns = names.map((name) => {
    const found = table.columns.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${table.name} has no column ${name}`);
    return found.column;
  });
  return project(table.relation(range), columns);
}

function named(names: readonly string[], rows: readonly (readonly Cell[])[]): Record<string, Cell>[] {
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
}

export function byText<T>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
