import { Command, CommanderError } from 'commander';
import { errorTable, FlowError } from '../base/errors.ts';
import { commands, groups } from './commands.ts';
import { arrangeHelp, showHelp } from './help/help.ts';
import { findConfiguration } from './options/configuration.ts';
import { configure, problemsOf } from './options/configure.ts';
import { mistakeOf, noValue, pathOf } from './options/mistakes.ts';
import { commandOfHelp, refuseRepeats, refuseUnknownOption, takeConfig } from './options/words.ts';
import { tell } from './output/printable.ts';
import { version } from './version.ts';

/**
 * Runs one command and prints each failure as a sentence on stderr.
 * @returns the exit code of the process: see base/errors.ts, or 1 for a negative answer
 */
export async function run(given: readonly string[]): Promise<number> {
  if (given[0] === '__complete') return complete(given.slice(1));
  const debug = given.includes('--debug');
  let command: Command | undefined;
  const help: string[] = [];
  try {
    const { config, args } = takeConfig(given);
    const words = args.filter((word) => !word.startsWith('-'));
    const helpAt = words.slice(0, 2).indexOf('help');
    const asksHelp = helpAt === 0 || (helpAt === 1 && Object.hasOwn(groups, words[0]));
    if (asksHelp) words.splice(helpAt, 1);
    const program = await createProgram(
      (name) => {
        const [first, second] = name.split(' ');
        // The commands of the configuration file look at all others.
        if (words[0] === 'config') return true;
        return words[0] === first && (second === undefined || words.includes(second));
      },
      (text) => help.push(text),
    );
    const named = commandNamed(program, words);
    command = named;
    if (config !== undefined) program.setOptionValueWithSource('config', config, 'cli');
    if (asksHelp && args[helpAt] === 'help') {
      commandOfHelp(program, words).outputHelp();
      await showHelp(help.join(''));
      return 0;
    }
    if (!args.includes('--help') && !args.includes('-h')) await readConfiguration(named, config);
    await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
      // An excess argument can come from an option that took the next option as its value.
      if (error instanceof CommanderError && error.code === 'commander.excessArguments') refuseSwallowed(named);
      if (error instanceof CommanderError && error.code === 'commander.missingMandatoryOptionValue')
        refuseUnknownOption(named, args);
      throw error instanceof CommanderError && error.exitCode !== 0 && error.code !== 'commander.help'
        ? mistakeOf(error, named, args)
        : error;
    });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (help.length > 0) await showHelp(help.join(''));
    return report(error, debug, command);
  }
}

/** Commands that work without the configuration file, or read it themselves. */
const unconfigured: ReadonlySet<string> = new Set(['completion', 'config check', 'config show']);

async function readConfiguration(named: Command, path: string | undefined): Promise<void> {
  const name = nameOf(named);
  if (named.commands.length > 0 && named.registeredArguments.length === 0) return;
  if (unconfigured.has(name)) return;
  const found = await findConfiguration(path);
  const known = new Map<string, Command>(commands.map((entry) => [entry.name, named]));
  const [problem] = found === undefined ? [] : problemsOf(found, known, name);
  if (problem !== undefined)
    throw new FlowError('usage', problem, { hint: 'nsgflow config check names every error of the file.' });
  configure(named, name, found);
}

/** `nsg show` */
function nameOf(command: Command): string {
  return pathOf(command).split(' ').slice(1).join(' ');
}

/** The subcommand that a command line names. */
function commandNamed(command: Command, words: readonly string[]): Command {
  const [first, ...more] = words;
  const next = command.commands.find((one) => one.name() === first);
  return next === undefined ? command : commandNamed(next, more);
}

/** Words for shell completion; none after a failure. */
async function complete(words: readonly string[]): Promise<number> {
  try {
    const { args } = takeConfig(words.slice(0, -1));
    const program = await createProgram((name) => name.split(' ').every((part, i) => args[i] === part));
    const { completeWords } = await import('./complete.ts');
    for (const word of await completeWords(program, words)) process.stdout.write(`${word}\n`);
  } catch {
    return 1;
  }
  return 0;
}

/** The command line as a tree. Only commands with `isUsed` are loaded with their options. `write` gets help. */
export async function createProgram(
  isUsed: (name: string) => boolean,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<Command> {
  const quiet = (command: Command): Command =>
    command.exitOverride().configureOutput({ writeOut: write, outputError: () => undefined });
  const program = quiet(new Command('nsgflow'))
    .description('Flow logging for network security groups: record, store, read and question flow logs.')
    .option('--config <file>', 'settings of all commands (default: NSGFLOW_CONFIG, else ./nsgflow.yaml)')
    .option('--debug', 'show the stack and causes of an error')
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .addHelpText('after', examples)
    .hook('preAction', async (_, command) => {
      refuseSwallowed(command);
      chooseSource(command);
      if (command.getOptionValue('names') !== undefined) {
        const { declareNames } = await import('./options/declare-names.ts');
        await declareNames(command.opts());
      }
    });
  for (const { name, summary, load } of commands) {
    const path = name.split(' ');
    const parent = path.slice(0, -1).reduce((above, word) => groupOf(above, word, quiet), program);
    const command = quiet(new Command(path.at(-1)));
    command.description(summary).helpOption('-h, --help', 'show help');
    parent.addCommand(command);
    if (!isUsed(name)) continue;
    (await load()).define(command);
    refuseRepeats(command);
    arrangeHelp(command, name);
  }
  return program;
}

/**
 * Reports an option that took the next option as its value, or has an empty one.
 * @throws usage
 */
function refuseSwallowed(command: Command): void {
  const names = new Set(command.options.map(({ long }) => long));
  for (const option of command.options) {
    const values: unknown[] = [command.getOptionValue(option.attributeName())].flat();
    const swallowed = values.find((value): value is string => typeof value === 'string' && names.has(value));
    if (swallowed !== undefined) throw noValue(option, `: '${swallowed}' came right behind it`);
    const isEmpty = values.includes('') && command.getOptionValueSource(option.attributeName()) === 'cli';
    if (isEmpty && option.required) throw noValue(option);
  }
}

/** `-i` of the command line wins over a lake of the environment or the file. @throws usage where both are given */
function chooseSource(command: Command): void {
  if (command.getOptionValueSource('input') !== 'cli') return;
  const lake = command.getOptionValueSource('lake');
  if (lake === 'cli' && nameOf(command) !== 'ingest')
    throw new FlowError('usage', '-i and --lake are one too many: a question asks a lake or flow logs');
  if (lake !== undefined) command.setOptionValue('lake', undefined);
}

const examples = `
Examples:
  nsgflow record --capture traffic.pcap --network network.json --to ./logs
  nsgflow ingest ./logs --lake ./lake
  nsgflow top --by src.ip --metric bytes --lake ./lake
  nsgflow flows access = deny and dst.port in 1-1023 --lake ./lake
`;

/** The group of commands with this name below another one, created at its first use. */
function groupOf(above: Command, name: string, quiet: (command: Command) => Command): Command {
  const known = above.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const group = quiet(new Command(name))
    .description(groups[[...nameOf(above).split(' '), name].join(' ').trim()])
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command');
  above.addCommand(group);
  return group;
}

/**
 * Prints the failure of a command to stderr.
 * @returns the exit code
 */
export function report(error: unknown, debug: boolean, command?: Command): number {
  const seeHelp = `See ${pathOf(command)} --help.`;
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof FlowError) {
    tell(`nsgflow: ${error.message}`);
    const hint = error.hint === errorTable.usage.hint ? seeHelp : error.hint;
    if (hint !== '') tell(`  ${hint}`);
    if (debug) tell(`${error.code}\n${stackOf(error)}`);
    return error.exitCode;
  }
  const sentence = error instanceof Error ? error.message : String(error);
  tell(`nsgflow: a fault in nsgflow: ${sentence}`);
  tell(debug ? stackOf(error) : '  Please report it, with the output of the same command and --debug.');
  return 8;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? (error.stack ?? '') : `${error.stack}\ncaused by ${stackOf(error.cause)}`;
}
