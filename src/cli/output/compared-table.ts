/** Comparisons with an earlier period, for people. */
import { mapRows } from '../options/group-options.ts';
import { endpoint } from './flow-table.ts';
import type { Result, ResultColumn } from './result.ts';

/**
 * Percents to one decimal with a sign. With one measure, its columns have short names, and the value before comes last: a narrow terminal
 * leaves out the last columns.
 */
export function showCompared({ columns, chunks }: Result): Result {
  const measures = columns.filter(({ name }) => name.endsWith('_before'));
  if (measures.length === 0) return { columns, chunks };
  const prefix = measures.length === 1 ? measures[0].name.slice(0, -'before'.length) : undefined;
  const order = columns.map((_, i) => i);
  if (prefix !== undefined) order.push(...order.splice(columns.indexOf(measures[0]), 1));
  return {
    columns: order.map((i) => ({ ...columns[i], name: shortName(columns[i].name, prefix) })),
    chunks: mapRows(chunks, (row) => order.map((i) => (columns[i].unit === '%' ? formatPercent(row[i]) : row[i]))),
  };
}

/** The same with the address and the port of a side in one column, where both are keys. */
export function showChanges({ columns, chunks }: Result): Result {
  const at = new Map(columns.map(({ name }, i) => [name, i]));
  const shown = columns.flatMap((column, i): { column: ResultColumn; cell: (row: readonly unknown[]) => unknown }[] => {
    const [, side, part] = /^(src|dst)_(ip|port)$/.exec(column.name) ?? [];
    const other = at.get(`${side}_${part === 'ip' ? 'port' : 'ip'}`);
    if (side === undefined || other === undefined) return [{ column, cell: (row) => row[i] }];
    if (part === 'port') return [];
    const name = side === 'src' ? 'source' : 'destination';
    return [{ column: { name, kind: 'text' }, cell: (row) => endpoint(row[i], row[other]) }];
  });
  return showCompared({
    columns: shown.map(({ column }) => column),
    chunks: mapRows(chunks, (row) => shown.map(({ cell }) => cell(row))),
  });
}

function shortName(name: string, prefix: string | undefined): string {
  return prefix !== undefined && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function formatPercent(cell: unknown): unknown {
  if (typeof cell !== 'number') return cell;
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'exceptZero' } as const;
  return `${cell.toLocaleString('en-US', digits)}%`;
}
