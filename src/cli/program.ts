import { Command, CommanderError } from 'commander';
import { errorTable, FlowError } from '../base/errors.ts';
import { commands, groups } from './commands.ts';
import { tell } from './output/printable.ts';
import { version } from './version.ts';

/**
 * Runs one command and prints each failure as a sentence on stderr.
 * @returns the exit code of the process: see base/errors.ts, or 1 for a negative answer
 */
export async function run(args: readonly string[]): Promise<number> {
  if (args[0] === '__complete') return complete(args.slice(1));
  const debug = args.includes('--debug');
  const words = args.filter((word) => !word.startsWith('-'));
  if (words[0] === 'help') words.shift();
  let command: Command | undefined;
  try {
    const program = await createProgram((name) => {
      const [first, second] = name.split(' ');
      return words[0] === first && (second === undefined || words.includes(second));
    });
    const named = commandNamed(program, words);
    command = named;
    await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
      // An excess argument can come from an option that took the next option as its value.
      if (error instanceof CommanderError && error.code === 'commander.excessArguments') refuseSwallowed(named);
      throw error;
    });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return report(error, debug, command);
  }
}

/** The subcommand that a command line names. */
function commandNamed(command: Command, words: readonly string[]): Command {
  const [first, ...more] = words;
  const next = command.commands.find((one) => one.name() === first);
  return next === undefined ? command : commandNamed(next, more);
}

/** The full name of a command; without one, the program. */
function pathOf(command: Command | undefined): string {
  if (command === undefined) return 'nsgflow';
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Words for shell completion; none after a failure. */
async function complete(words: readonly string[]): Promise<number> {
  try {
    const program = await createProgram((name) => name.split(' ').every((part, i) => words[i] === part));
    const { completeWords } = await import('./complete.ts');
    for (const word of await completeWords(program, words)) process.stdout.write(`${word}\n`);
  } catch {
    return 1;
  }
  return 0;
}

/** The command line as a tree. Only commands with `isUsed` are loaded with their options. */
export async function createProgram(isUsed: (name: string) => boolean): Promise<Command> {
  const program = quiet(new Command('nsgflow'))
    .description('Flow logging for network security groups: record, store, read and question flow logs.')
    .option('--debug', 'show the stack and causes of an error')
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command')
    .addHelpText('after', examples)
    .hook('preAction', (_, command) => refuseSwallowed(command));
  for (const { name, summary, load } of commands) {
    const path = name.split(' ');
    const parent = path.length === 1 ? program : groupOf(program, path[0]);
    const command = quiet(new Command(path.at(-1)));
    command.description(summary).helpOption('-h, --help', 'show help');
    parent.addCommand(command);
    if (isUsed(name)) (await load()).define(command);
  }
  return program;
}

/**
 * Reports an option that took the next option as its value.
 * @throws usage
 */
function refuseSwallowed(command: Command): void {
  const names = new Set(command.options.map(({ long }) => long));
  for (const option of command.options) {
    const values: unknown[] = [command.getOptionValue(option.attributeName())].flat();
    const swallowed = values.find((value): value is string => typeof value === 'string' && names.has(value));
    if (swallowed !== undefined)
      throw new FlowError('usage', `option '${option.flags}' has no value: '${swallowed}' came right behind it`);
  }
}

const examples = `
Examples:
  nsgflow record --capture traffic.pcap --network network.json --to ./logs
  nsgflow ingest ./logs --lake ./lake
  nsgflow top --by src.ip --metric bytes --lake ./lake
  nsgflow flows access = deny and dst.port in 1-1023 --lake ./lake
`;

/** The group of commands with this name, created at its first use. */
function groupOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const group = quiet(new Command(name))
    .description(groups[name])
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [COMMAND]', 'show help for a command');
  program.addCommand(group);
  return group;
}

/** Turns failures into exceptions; they are printed in one place. */
function quiet(command: Command): Command {
  return command.exitOverride().configureOutput({ outputError: () => undefined });
}

/**
 * Prints the failure of a command to stderr.
 * @returns the exit code
 */
export function report(error: unknown, debug: boolean, command?: Command): number {
  const seeHelp = `See ${pathOf(command)} --help.`;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    const sentence = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    tell(`nsgflow: ${sentence}\n  ${seeHelp}`);
    return 2;
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
