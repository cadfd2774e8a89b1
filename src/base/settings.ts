/** Settings that a user gives as `NAME=VALUE`, each with one of a few values: quirks, settings of Traffic Analytics. */
import { FlowError } from './errors.ts';

export interface Setting {
  /** The first is the default. */
  readonly values: readonly [string, ...string[]];
  /** What a value changes. */
  readonly effect: string;
  readonly source: string;
}

/** What messages call the settings of a table, and the page that describes them. */
export interface SettingWords {
  readonly one: string;
  readonly all: string;
  readonly page: string;
}

/**
 * A value for each setting of a table, from `NAME=VALUE` texts in any casing. The last text of one name counts.
 * @throws usage
 */
export function readSettings<Name extends string>(
  table: Readonly<Record<Name, Setting>>,
  texts: readonly string[],
  { one, all, page }: SettingWords,
): Readonly<Record<Name, string>> {
  const names = Object.keys(table) as Name[]; // the keys of a record are its key type
  const given = new Map<Name, string>();
  for (const text of texts) {
    const [name, value] = pairOf(text.toLowerCase());
    const known = names.find((each) => each.toLowerCase() === name);
    if (known === undefined)
      throw new FlowError('usage', `${JSON.stringify(text)} names no ${one}: give NAME=VALUE`, {
        hint: `${all}: ${names.join(', ')}; see ${page}.`,
      });
    const { values } = table[known];
    const found = values.find((each) => each.toLowerCase() === value);
    if (found === undefined)
      throw new FlowError('usage', `${JSON.stringify(text)}: the ${one} ${known} is one of ${values.join(', ')}`);
    given.set(known, found);
  }
  const entries = names.map((name) => [name, given.get(name) ?? table[name].values[0]]);
  return Object.fromEntries(entries) as Record<Name, string>; // an entry for each name
}

/** Both sides of the first `=`; the name is empty without one. */
function pairOf(text: string): [string, string] {
  const at = Math.max(0, text.indexOf('='));
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
