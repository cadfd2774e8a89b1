/** What differs between the shells of KQL and SQL. */
import { sqlViews } from '../../query/duckdb/sql-functions.ts';
import type { Completions } from '../../query/kql/language/syntax.ts';
import type { KqlTable } from '../../query/kql/table.ts';

export interface ShellLanguage {
  readonly name: 'kql' | 'sql';
  readonly greeting: string;
  /** The first line of help. */
  readonly about: string;
  readonly tables: readonly { readonly name: string; readonly about: string }[];
  /** Whether a text that ends with `;` can be asked. */
  isWhole(text: string): boolean;
  /** The question for the columns of a table. */
  schema(table: string): string;
  /** What may stand in place of the end of a text, which is its second value. */
  complete(text: string): Promise<Completed>;
}

/** As `node:readline` takes it: words, and the part of the line that they replace. */
export type Completed = [words: string[], typed: string];

const views: Readonly<Record<(typeof sqlViews)[number], string>> = {
  tuples: 'every tuple as it was logged',
  flows: 'one row for each observer of a connection and date',
  conversations: 'the same, one row for each connection: observer = 0',
};

const sqlKeywords = (
  'select from where group by order having limit distinct count sum min max avg and or not in like between is null as ' +
  'join on with desc asc case when then else end describe summarize'
).split(' ');

/** `columns`: the names of the columns of all views. */
export function sqlLanguage(columns: readonly string[]): ShellLanguage {
  const words = [...new Set([...sqlKeywords, ...sqlViews, ...columns])];
  return {
    name: 'sql',
    greeting: 'SQL over the views tuples, flows and conversations.',
    about: 'Write a SELECT statement and end it with ;',
    tables: sqlViews.map((name) => ({ name, about: views[name] })),
    isWhole: () => true,
    schema: (view) =>
      `select column_name as ${JSON.stringify(view)}, column_type as type from (describe "${view.replaceAll('"', '""')}")`,
    complete: (text) => {
      const typed = text.split(/[^\w.]/).at(-1) ?? '';
      const found = typed === '' ? [] : words.filter((word) => word.startsWith(typed.toLowerCase()));
      return Promise.resolve([found, typed]);
    },
  };
}

/** `completions`: what the language service offers at the end of a text. */
export function kqlLanguage(
  tables: readonly KqlTable[],
  completions: (text: string) => Promise<Completions>,
): ShellLanguage {
  return {
    name: 'kql',
    greeting: 'KQL over Tuples, Flows, Conversations and the tables of Traffic Analytics.',
    about: 'Write a query and end it with ; (of several statements, the last one)',
    tables,
    // A text of `let` statements alone is not a query yet.
    isWhole: (text) => {
      const [last = ''] = text
        .split(';')
        .filter((statement) => statement.trim() !== '')
        .slice(-1);
      return !/^\s*(?:let|set|declare|alias)\b/.test(last);
    },
    schema: (table) => `${/^\w+$/.test(table) ? table : `['${table.replaceAll("'", "\\'")}']`} | getschema`,
    complete: async (text) => {
      const { items, start } = await completions(text);
      const typed = text.slice(start);
      const found = items
        .map(({ before }) => before.trimEnd())
        .filter((word) => word.toLowerCase().startsWith(typed.toLowerCase()));
      return [[...new Set(found)], typed];
    },
  };
}
