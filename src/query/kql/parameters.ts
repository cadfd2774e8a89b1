/** Placeholders of workbooks (`{Name}`) and macros of Grafana (`$__timeFilter(x)`), which are filled in before a text is read. */
import { formatTime } from '../../base/time.ts';
import type { QueryRange } from '../tree.ts';

/** Values by name; of `{Name:format}` by `Name:format`, else by `Name`. */
export type KqlParameters = ReadonlyMap<string, string>;

const placeholder = /\{([A-Za-z_]\w*)((?::\w+)?)\}/g;

/** The text with its placeholders and macros filled in. Those without a value stay. */
export function fillParameters(text: string, parameters: KqlParameters, range: QueryRange): string {
  const filled = text.replaceAll(
    placeholder,
    (whole, name: string, format: string) => parameters.get(name + format) ?? parameters.get(name) ?? whole,
  );
  return filled.includes('$__') ? fillMacros(filled, range) : filled;
}

/** The first placeholder that stands outside of texts and comments, or is a whole text; `undefined` if there is none. */
export function unfilled(
  text: string,
): { readonly name: string; readonly start: number; readonly end: number } | undefined {
  for (const found of text.matchAll(placeholder)) {
    const [start, end] = [found.index, found.index + found[0].length];
    return { name: found[1], start, end };
  }
  return undefined;
}

const bucketsWanted = 100;
const intervalsMillis = [
  1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 86_400_000,
];

/** Source: Grafana's Azure Monitor data source, macros of the query editor. */
function fillMacros(text: string, range: QueryRange): string {
  const at = (millis: number): string => `datetime(${formatTime(millis)})`;
  const [from, to] = [range.start, range.end];
  return text
    .replaceAll(/\$__timeFilter\(\s*([^()]*)\)/g, (_, given: string) => {
      const column = given.trim() === '' ? 'TimeGenerated' : given.trim();
      const bounds = [
        ...(from === undefined ? [] : [`${column} >= ${at(from)}`]),
        ...(to === undefined ? [] : [`${column} < ${at(to)}`]),
      ];
      return bounds.length === 0 ? 'true' : `(${bounds.join(' and ')})`;
    })
    .replaceAll(/\$__timeFrom(?:\(\))?/g, from === undefined ? 'datetime(1970-01-01)' : at(from))
    .replaceAll(/\$__timeTo(?:\(\))?/g, to === undefined ? 'now()' : at(to))
    .replaceAll(/\$__contains\(\s*([^,()]+),([^()]*)\)/g, (_, column: string, values: string) =>
      /^\s*(?:all|'\*'|\$__all)\s*$/.test(values) ? 'true' : `${column.trim()} in (${values.trim()})`,
    )
    .replaceAll(/\$__escapeMulti\(([^()]*)\)/g, (_, values: string) => values)
    .replaceAll(/\$__interval_ms\b/g, () => String(intervalMillis(range)))
    .replaceAll(/\$__interval\b/g, () => `${intervalMillis(range)}ms`);
}

function intervalMillis({ start, end }: QueryRange): number {
  if (start === undefined || end === undefined) return 3_600_000;
  const wanted = (end - start) / bucketsWanted;
  return intervalsMillis.find((one) => one >= wanted) ?? 86_400_000;
}
