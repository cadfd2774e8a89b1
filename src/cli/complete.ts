/**
 * Shell completion: `nsgflow __complete WORD…` prints the possible values of the last word, one per line. It never
 * fails and prints nothing to stderr, which a shell would show inside the command line.
 */
import type { Command, Option } from 'commander';
import { openLake } from '../lake/lake.ts';
import type { Field } from '../query/filter/fields.ts';
import { completeFilter } from '../query/filter/complete-filter.ts';
import { tuplesOnly } from '../query/engine/question-view.ts';
import { openMovableEngine } from '../query/engine/moved-engine.ts';
import { groupFields, measureExamples } from '../query/measure.ts';
import { FlowError } from '../base/errors.ts';
import { findConfiguration } from './options/configuration.ts';
import type { NameOptions } from './options/name-options.ts';
import { declareNames } from './options/declare-names.ts';
import { nameSettings, namesOf } from './options/name-options.ts';
import { configure } from './options/configure.ts';
import { takeConfig } from './options/words.ts';
import { allRows } from './question/answer-rows.ts';
import { outputNames } from './output/output.ts';
import { columnNamesOf } from './output/print.ts';
import { unsafeCharacters } from './output/printable.ts';

/** Values of the lake are offered only if they are found within this time. */
const liveMillis = 1500;
/** The most values read from the lake. */
const liveValuesMax = 200;

/** Possible replacements of the last of `words`; `program` has the options of the command in the words. */
export async function completeWords(program: Command, words: readonly string[]): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  if (words.at(-2) === '--config') return [];
  const { config, args: before } = takeConfig(words.slice(0, -1));
  let command = program;
  let at = 0;
  for (; at < before.length; at++) {
    const next = command.commands.find((one) => one.name() === before[at]);
    if (next === undefined) break;
    command = next;
  }
  if (command.commands.length > 0 && at === before.length)
    return beginning(
      command.commands.map((one) => one.name()),
      typed,
    );
  const option = optionOf(command, before.at(-1));
  if (option !== undefined && (option.required || option.optional)) return valuesOfOption(command, option, typed);
  if (typed.startsWith('-'))
    return beginning(
      command.options.flatMap((one) => (one.long === undefined ? [] : [one.long])),
      typed,
    );
  if (command.registeredArguments[0]?.name() !== 'filter') return [];
  await configureQuietly(command, before.slice(0, at).join(' '), config);
  const filter: string[] = [];
  const typedNames: [string, string][] = [];
  let lake = command.getOptionValue('lake') as string | undefined;
  for (let i = at; i < before.length; i++) {
    const known = optionOf(command, before[i]);
    if (known === undefined) filter.push(before[i]);
    else if (known.required) {
      if (known.long === '--lake') lake = before[i + 1];
      if (nameSettings.includes(known.long?.slice(2) ?? '')) typedNames.push([known.attributeName(), before[i + 1]]);
      i++;
    }
  }
  const named: NameOptions = { ...command.opts<NameOptions>(), ...grouped(typedNames) };
  await declareNames(named).catch(() => undefined);
  const text = [...filter, typed].join(' ');
  const { start, words: offered } = await completeFilter(text, (field, start) => liveValues(lake, field, start, named));
  // The shell replaces only the last word.
  const kept = text.slice(text.length - typed.length, Math.max(start, text.length - typed.length));
  return offered.map((word) => kept + word);
}

/** Options that may be repeated, by name. */
function grouped(given: readonly (readonly [string, string])[]): NameOptions {
  const values: Record<string, string[]> = {};
  for (const [name, value] of given) (values[name] ??= []).push(value);
  return values;
}

/** The values of the environment and of the configuration file; of a file with an error, none. */
async function configureQuietly(command: Command, name: string, config: string | undefined): Promise<void> {
  const found = await findConfiguration(config, () => undefined).catch(() => undefined);
  try {
    configure(command, name, found);
  } catch {
    configure(command, name, undefined);
  }
}

function beginning(words: readonly string[], typed: string): string[] {
  return words.filter((word) => word.startsWith(typed) && !word.startsWith('__'));
}

function optionOf(command: Command, word: string | undefined): Option | undefined {
  return word === undefined ? undefined : command.options.find((one) => one.long === word || one.short === word);
}

function valuesOfOption(command: Command, option: Option, typed: string): string[] {
  if (option.argChoices !== undefined) return beginning(option.argChoices, typed);
  if (option.long === '--output') return beginning(outputNames, typed);
  if (option.long === '--color') return beginning(['auto', 'always', 'never'], typed);
  const known = listedNames(command, option.long);
  const comma = typed.lastIndexOf(',') + 1;
  return beginning(known, typed.slice(comma)).map((word) => typed.slice(0, comma) + word);
}

/** Names that an option takes with commas. */
function listedNames(command: Command, option: string | undefined): readonly string[] {
  switch (option) {
    case '--by':
      return groupFields().map(({ name }) => name);
    case '--metric':
      return measureExamples;
    case '--columns':
    case '--sort':
      return columnNamesOf(command);
    default:
      return [];
  }
}

/** Values in the newest tuples of the lake that a terminal can show; none without a lake, or if it takes too long. */
async function liveValues(
  folder: string | undefined,
  field: Field,
  typed: string,
  named: NameOptions,
): Promise<string[]> {
  if (folder === undefined) return [];
  const lake = await openLake(folder);
  const engine = openMovableEngine(tuplesOnly(await lake.snapshot()), namesOf(named, folder));
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new FlowError('timeout', 'completion takes long')), liveMillis);
  try {
    const question = {
      ask: 'groups' as const,
      axes: [{ by: [field.name], limit: liveValuesMax }],
      measures: [{ kind: 'flows' as const }],
      observations: true,
      ...(typed === '' || /[*?]/.test(typed)
        ? {}
        : {
            where: { kind: 'test' as const, field: field.name, any: [{ kind: 'glob' as const, pattern: `${typed}*` }] },
          }),
    };
    return (await allRows(await engine.ask(question, { signal: stop.signal }))).flatMap(([value]) =>
      typeof value === 'string' && !unsafeCharacters.test(value) ? [value] : [],
    );
  } finally {
    clearTimeout(timer);
    await engine.close();
    await lake.close();
  }
}
