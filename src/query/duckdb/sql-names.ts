import type { SqlNames } from '../engine/result.ts';

/**
 * The tables and columns that a parsed SQL text reads, as `json_serialize_sql` gives it. A name that `WITH` gives is no table, and what is
 * described is not read.
 */
export function namesRead(tree: unknown): SqlNames {
  const tables = new Set<string>();
  const columns = new Set<string>();
  const visit = (node: unknown, given: ReadonlySet<string>): void => {
    if (Array.isArray(node)) for (const item of node as unknown[]) visit(item, given);
    if (!isNode(node) || node['show_type'] === 'DESCRIBE') return;
    if (node['type'] === 'BASE_TABLE') {
      const name = String(node['table_name']).toLowerCase();
      if (node['schema_name'] !== '' || !given.has(name)) tables.add(name);
    }
    if (node['type'] === 'COLUMN_REF') columns.add(String((node['column_names'] as unknown[]).at(-1)).toLowerCase());
    let known = given;
    for (const { key, value } of withItems(node)) {
      visit(value, known);
      known = new Set([...known, key.toLowerCase()]);
    }
    for (const [key, child] of Object.entries(node)) if (key !== 'cte_map') visit(child, known);
  };
  visit(tree, new Set());
  return { tables: [...tables], columns: [...columns] };
}

function withItems(
  node: Readonly<Record<string, unknown>>,
): readonly { readonly key: string; readonly value: unknown }[] {
  const items = isNode(node['cte_map']) ? node['cte_map']['map'] : undefined;
  return Array.isArray(items) ? (items as { key: string; value: unknown }[]) : [];
}

export function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
