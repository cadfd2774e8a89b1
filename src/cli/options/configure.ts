/** Gives the options of a command the values of the environment and of the configuration file. */
import type { Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { nearest } from '../../query/filter/nearest.ts';
import type { AccountBinding } from '../../server/accounts.ts';
import type { Configuration, Setting } from './configuration.ts';
import { generalSettings } from './configuration.ts';

/** Flags that are about one call. */
const neverInFile: ReadonlySet<string> = new Set(['config', 'env', 'shell', 'help', 'debug', 'version']);

/** `--lake` of these commands is another question, not a place. */
const asksTheLake: ReadonlySet<string> = new Set(['doctor']);

/** The commands below `command`, by full name. */
export function commandsBelow(command: Command, before = ''): Map<string, Command> {
  const found = new Map<string, Command>();
  for (const one of command.commands) {
    const name = before + one.name();
    if (one.commands.length === 0 || one.registeredArguments.length > 0) found.set(name, one);
    for (const [inner, innerCommand] of commandsBelow(one, `${name} `)) found.set(inner, innerCommand);
  }
  return found;
}

/** Called before the command line is read: its flags then replace these values. @throws usage */
export function configure(command: Command, name: string, configuration: Configuration | undefined): void {
  for (const setting of configuration?.settings ?? []) {
    if (setting.command === name || (setting.command === '' && isGeneral(command, name, setting.key)))
      apply(command, name, setting, configuration!.path);
  }
  const lake = lakeOfEnvironment();
  if (lake !== undefined && isGeneral(command, name, 'lake'))
    setValue(command, optionOf(command, 'lake')!, lake, 'env');
}

/** NSGFLOW_LAKE; `undefined` if it is not set or empty. */
export function lakeOfEnvironment(): string | undefined {
  return process.env['NSGFLOW_LAKE'] || undefined;
}

function isGeneral(command: Command, name: string, key: string): boolean {
  return (
    generalSettings.includes(key) && optionOf(command, key) !== undefined && !(key === 'lake' && asksTheLake.has(name))
  );
}

/** What is wrong with the names of a file; `name` limits it to one command, besides what is for all. */
export function problemsOf(
  { path, settings }: Configuration,
  commands: ReadonlyMap<string, Command>,
  name?: string,
): string[] {
  const problems: string[] = [];
  for (const { command, key, line, value } of settings) {
    const where = `${path}:${line}`;
    const owner = commands.get(command);
    if (command === '') {
      if (generalSettings.includes(key)) continue;
      // A command with nothing below it.
      if (commands.has(key) && value === null) continue;
      if (commands.has(key)) {
        problems.push(`${where}: ${key} holds flags of nsgflow ${key}, such as "${key}: { output: table }"`);
        continue;
      }
      problems.push(`${where}: ${unknownName(key, commands)}`);
    } else if (owner === undefined) problems.push(`${where}: ${unknownName(command, commands)}`);
    else if (name === undefined || name === command) {
      if (settingOf(owner, command, key) !== undefined) continue;
      const known = owner.options.flatMap(({ long }) => (long === undefined ? [] : [long.slice(2)]));
      problems.push(`${where}: ${JSON.stringify(key)} is not a flag of nsgflow ${command}${meant(key, known)}`);
    }
  }
  return [...new Set(problems)];
}

function unknownName(key: string, commands: ReadonlyMap<string, Command>): string {
  const said = `${JSON.stringify(key)} is neither a command nor one of ${generalSettings.join(', ')}`;
  const serve = commands.get('serve');
  if (serve?.name() === 'serve' && settingOf(serve, 'serve', key) !== undefined)
    return `${said}; flags of serve stand below "serve:"`;
  return said + meant(key, [...generalSettings, ...commands.keys()]);
}

function meant(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

/** What a key of a command's section sets; `undefined` for an unknown one. */
function settingOf(command: Command, name: string, key: string): Option | 'accounts' | undefined {
  if (name === 'serve' && key === 'accounts') return 'accounts';
  return neverInFile.has(key) ? undefined : optionOf(command, key);
}

function optionOf(command: Command, key: string): Option | undefined {
  return (
    command.options.find(({ long }) => long === `--${key}`) ??
    command.options.find(({ long }) => long === `--no-${key}`)
  );
}

function apply(command: Command, name: string, { key, value, line }: Setting, path: string): void {
  const where = `${path}:${line}`;
  const option = settingOf(command, name, key);
  if (option === undefined) return;
  if (option === 'accounts') {
    command.setOptionValueWithSource('accounts', readBindings(where, value), 'config');
    return;
  }
  const read = readValue(where, key, value, option);
  setValue(command, option, option.negate && option.long === `--${key}` ? read !== true : read, 'config');
}

function setValue(command: Command, option: Option, value: unknown, source: 'config' | 'env'): void {
  const name = option.attributeName();
  command.setOptionValueWithSource(name, value, source);
  const own = option.parseArg;
  if (own === undefined && !option.variadic) return;
  // The first flag of the command line replaces the list of the file.
  option.argParser((text: string, before: unknown) => {
    const kept = command.getOptionValueSource(name) === source ? undefined : before;
    return own === undefined ? [...((kept as string[] | undefined) ?? []), text] : own(text, kept);
  });
}

function readValue(where: string, key: string, value: unknown, option: Option): unknown {
  if (option.negate || option.isBoolean()) {
    if (typeof value !== 'boolean') throw new FlowError('usage', `${where}: ${key} is true or false`);
    return value;
  }
  const texts = (Array.isArray(value) ? value : [value]).map((item: unknown) => {
    if (typeof item !== 'string' && typeof item !== 'number')
      throw new FlowError('usage', `${where}: ${key} is a text or a number, not ${JSON.stringify(item)}`);
    return String(item);
  });
  if (option.argChoices !== undefined)
    for (const text of texts)
      if (!option.argChoices.includes(text))
        throw new FlowError(
          'usage',
          `${where}: ${key} is one of ${option.argChoices.join(', ')}, not ${JSON.stringify(text)}`,
        );
  if (option.variadic) return texts;
  const parse = option.parseArg;
  if (parse !== undefined && option.argChoices === undefined)
    return texts.reduce<unknown>((before, text) => parse.call(option, text, before), undefined);
  if (texts.length !== 1) throw new FlowError('usage', `${where}: ${key} takes one value`);
  return texts[0];
}

function readBindings(where: string, value: unknown): AccountBinding[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FlowError('usage', `${where}: accounts holds names of storage accounts and where each is`);
  return Object.entries(value).map(([name, binding]: [string, unknown]) => {
    const given = typeof binding === 'string' ? { storage: binding } : (binding as Record<string, unknown> | null);
    const { storage, 'connection-string-variable': variable, ...rest } = given ?? {};
    const unknown = Object.keys(rest)[0];
    if (
      typeof storage !== 'string' ||
      (variable !== undefined && typeof variable !== 'string') ||
      unknown !== undefined
    )
      throw new FlowError(
        'usage',
        `${where}: accounts.${name} is a folder or URL, or { storage, connection-string-variable }`,
      );
    return { name, storage, connectionStringVariable: variable };
  });
}
