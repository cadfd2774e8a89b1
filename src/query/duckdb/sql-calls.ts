import { FlowError } from '../../base/errors.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import type { SqlNames } from '../engine/result.ts';
import { nearest } from '../filter/nearest.ts';
import {
  internalPrefixes,
  parquetFunctions,
  refusedFunctions,
  refusedViews,
  tableFunctions,
  valueFunctions,
} from './sql-functions.ts';
import { isNode, namesRead } from './sql-names.ts';

/**
 * Refuses SQL of users that calls a function which is not on the list of those allowed. It looks at the parsed text, before DuckDB binds it:
 * some functions act when they are bound.
 * @returns what it reads
 * @throws sql-refused, sql-failed
 */
export async function checkCalls(connection: DuckdbConnection, sql: string): Promise<SqlNames> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  const tree: unknown = JSON.parse(String(reader.getRows()[0][0]));
  if (!isNode(tree) || tree['error'] !== false)
    throw new FlowError('sql-refused', 'the SQL text is not one SELECT whose functions can be checked');
  const waiting: { node: unknown; kind: CallKind }[] = [{ node: tree, kind: 'value' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, kind } = next;
    if (Array.isArray(node)) for (const item of node) waiting.push({ node: item, kind: 'value' });
    if (!isNode(node)) continue;
    if (typeof node['function_name'] === 'string') checkCall(node['function_name'].toLowerCase(), kind);
    if (node['type'] === 'BASE_TABLE') checkView(String(node['table_name']).toLowerCase());
    for (const [key, child] of Object.entries(node))
      waiting.push({ node: child, kind: node['type'] === 'TABLE_FUNCTION' && key === 'function' ? 'table' : 'value' });
  }
  return namesRead(tree);
}

type CallKind = 'value' | 'table';

function checkCall(name: string, kind: CallKind): void {
  if (kind === 'value' ? valueFunctions.has(name) : tableFunctions.has(name) || parquetFunctions.has(name)) return;
  for (const [what, names] of Object.entries(refusedFunctions))
    if (names.includes(name)) throw refused(`the function ${name}() ${what}`);
  if (internalPrefixes.some((prefix) => name.startsWith(prefix)))
    throw refused(`the function ${name}() is internal to DuckDB`);
  const near = nearest(name, kind === 'table' ? tableFunctions : valueFunctions);
  throw new FlowError('sql-failed', `there is no ${kind === 'table' ? 'table function' : 'function'} ${name}()`, {
    hint:
      near === undefined
        ? 'See docs/reference/query.md, SQL, for the functions that SQL may call.'
        : `Did you mean ${near}()?`,
  });
}

function checkView(name: string): void {
  if (refusedViews.has(name)) throw refused(`the view ${name} reads the settings and state of the process`);
}

function refused(what: string): FlowError {
  return new FlowError('sql-refused', `the SQL text may only read flows: ${what}`);
}
