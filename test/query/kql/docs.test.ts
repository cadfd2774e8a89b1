import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { languageLibrary } from '../../../src/query/kql/language/bridge.ts';
import { kqlAggregates, kqlFunctions, kqlOperators } from '../../../src/query/kql/functions/kql-functions.ts';
import { addressFunctions } from '../../../src/query/kql/functions/address-functions.ts';
import { conversionFunctions } from '../../../src/query/kql/functions/conversion-functions.ts';
import { dynamicFunctions } from '../../../src/query/kql/functions/dynamic-functions.ts';
import type { Arity } from '../../../src/query/kql/functions/kinds.ts';
import { numberFunctions } from '../../../src/query/kql/functions/number-functions.ts';
import { seriesFunctions } from '../../../src/query/kql/functions/series-functions.ts';
import { textFunctions } from '../../../src/query/kql/functions/text-functions.ts';
import { timeFunctions } from '../../../src/query/kql/functions/time-functions.ts';
import { operatorNames } from '../../../src/query/kql/lower/operators/operator-names.ts';
import { isWindowFunction } from '../../../src/query/kql/lower/window-functions.ts';

/** Tables of the page that the code writes. With `-u`, the page is written anew. */

const page = fileURLToPath(new URL('../../../docs/reference/kql.md', import.meta.url));

interface Entry {
  readonly arity: Arity;
  readonly about: string;
}

function arityText([least, most]: Arity): string {
  if (least === most) return String(least);
  return most > 1000 ? `${least} or more` : `${least} to ${most}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Names of one entry stand in one row. */
function table(what: string, entries: Readonly<Record<string, Entry>>): string[] {
  const names = new Map<Entry, string[]>();
  for (const [name, entry] of Object.entries(entries)) names.set(entry, [...(names.get(entry) ?? []), name]);
  const rows = [...names].map(
    ([entry, some]) =>
      `| ${some.map((one) => `\`${cell(one)}\``).join(', ')} | ${arityText(entry.arity)} | ${cell(entry.about)} |`,
  );
  return [`| ${what} | arguments | |`, '|---|---|---|', ...rows];
}

/** Functions of the language that nsgflow has not: those of other products and services are not named. */
function refusedNames(): string[] {
  const { Functions, Aggregates } = languageLibrary().kusto as unknown as Record<
    'Functions' | 'Aggregates',
    { All: unknown }
  >;
  const all = [...namesOf(Functions.All), ...namesOf(Aggregates.All)];
  const known = new Set([
    ...Object.keys(kqlFunctions),
    ...Object.keys(kqlAggregates),
    'pack_all',
    'bag_pack_columns',
    'column_ifexists',
    'columnifexists',
  ]);
  const elsewhere =
    /^(__|geo_|convert_|current_|cluster|database|graph|ai_|rest_|s2|estimate_|cursor|extent|blob|row_id|ingestion|node_|labels|rowstore|external|materialized|entity|stored|table$|map$|all$|inner_nodes|passthrough)/;
  return [...new Set(all)]
    .filter((name) => !known.has(name) && !isWindowFunction(name) && !elsewhere.test(name))
    .toSorted();
}

interface BridgeList {
  readonly Count?: number;
  readonly length?: number;
  getItem?: (at: number) => { readonly Name: string };
  readonly [at: number]: { readonly Name: string };
}

function namesOf(all: unknown): string[] {
  const list = all as BridgeList; // lists of the library are arrays or lists of Bridge
  return Array.from({ length: list.Count ?? list.length ?? 0 }, (_, i) => (list.getItem?.(i) ?? list[i]).Name);
}

function wrapped(names: readonly string[]): string[] {
  const lines: string[] = [''];
  for (const name of names) {
    const last = lines[lines.length - 1];
    if (`${last} \`${name}\``.length > 116) lines.push(`\`${name}\``);
    else lines[lines.length - 1] = last === '' ? `\`${name}\`` : `${last} \`${name}\``;
  }
  return lines;
}

test('tables in docs/reference/kql.md are those of the code', async () => {
  const tables: Readonly<Record<string, readonly string[]>> = {
    operators: wrapped(operatorNames),
    signs: table('operator', kqlOperators),
    aggregates: table('aggregate', kqlAggregates),
    conversions: table('function', conversionFunctions),
    texts: table('function', textFunctions),
    numbers: table('function', numberFunctions),
    times: table('function', timeFunctions),
    dynamics: table('function', dynamicFunctions),
    addresses: table('function', addressFunctions),
    series: table('function', seriesFunctions),
    refused: wrapped(refusedNames()),
  };
  let text = readFileSync(page, 'utf8');
  for (const [what, lines] of Object.entries(tables)) {
    const from = text.indexOf('-->\n', text.indexOf(`<!-- ${what}:`)) + '-->\n'.length;
    const to = text.indexOf(`<!-- end of ${what} -->`);
    expect(from, what).toBeLessThanOrEqual(to);
    text = `${text.slice(0, from)}\n${lines.join('\n')}\n\n${text.slice(to)}`;
  }
  await expect(text).toMatchFileSnapshot(page);
});

test('every function has a line of documentation, and an arity that its language knows', () => {
  for (const entries of [kqlFunctions, kqlAggregates, kqlOperators])
    for (const [name, { arity, about }] of Object.entries(entries)) {
      expect(about.length, name).toBeGreaterThan(3);
      expect(arity[0], name).toBeLessThanOrEqual(arity[1]);
    }
});
