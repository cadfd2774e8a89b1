/** What `render` of a query says, as Azure Monitor answers it. Source: README of Azure's query clients, "Include visualization". */
import type { Render } from '../../query/kql/lower/query.ts';

type Visualization = Readonly<Record<string, string | boolean | readonly string[] | null>>;

/** Names of properties, as `with (…)` of `render` has them. */
const properties = [
  'title',
  'accumulate',
  'isQuerySorted',
  'kind',
  'legend',
  'series',
  'yMin',
  'yMax',
  'xAxis',
  'xColumn',
  'xTitle',
  'yAxis',
  'yColumns',
  'ySplit',
  'yTitle',
  'anomalyColumns',
] as const;

const lists: ReadonlySet<string> = new Set(['series', 'yColumns', 'anomalyColumns']);
const flags: ReadonlySet<string> = new Set(['accumulate', 'isQuerySorted']);
const bounds: ReadonlySet<string> = new Set(['yMin', 'yMax']);

/** Of a query without `render`, the same properties without values. */
export function visualizationOf(render: Render | undefined): Visualization {
  const given = new Map(Object.entries(render?.properties ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const valueOf = (name: string): Visualization[string] => {
    const value = given.get(name.toLowerCase());
    if (flags.has(name)) return value?.toLowerCase() === 'true';
    if (bounds.has(name)) return value ?? 'NaN';
    if (value === undefined) return null;
    return lists.has(name) ? value.split(',').map((one) => one.trim()) : value;
  };
  return {
    visualization: render?.chart ?? null,
    ...Object.fromEntries(properties.map((name) => [name, valueOf(name)])),
  };
}
