/** Mistakes of a command line, in words of our own: what is wrong, and what to do next. */
import type { Argument, Command, CommanderError, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { nearest } from '../../query/filter/nearest.ts';

/** The full name of a command, such as `nsgflow nsg show`; without one, the program. */
export function pathOf(command: Command | undefined): string {
  if (command === undefined) return 'nsgflow';
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** What the parser refused, as an error for people. `args`: what was given to the command. */
export function mistakeOf(error: CommanderError, command: Command, args: readonly string[]): FlowError {
  const [, quoted = ''] = /'([^']*)'/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownCommand':
      return unknownCommand(command, quoted);
    case 'commander.unknownOption':
      return unknownOption(command, quoted);
    case 'commander.missingArgument':
      return missingArgument(command);
    case 'commander.excessArguments':
      return excessArguments(command);
    case 'commander.missingMandatoryOptionValue':
      return missingOptions(command);
    case 'commander.optionMissingArgument':
      return noValue(command.options.find(({ flags }) => flags === quoted)!);
    case 'commander.invalidArgument':
      return wrongChoice(command, quoted, error.message);
    default:
      return new FlowError(
        'usage',
        `${error.message.replace(/^error: /, '').replaceAll('\n', ' ')} (${args.join(' ')})`,
      );
  }
}

/** A word in the place of a subcommand. */
export function unknownCommand(above: Command, word: string): FlowError {
  const known = above.commands.map((one) => one.name());
  const full = (name: string): string => JSON.stringify([...pathOf(above).split(' ').slice(1), name].join(' '));
  const near = nearest(word, known);
  const meant = near === undefined ? '' : `; did you mean ${full(near)}?`;
  const hint =
    above.parent === null ? 'nsgflow --help lists the commands.' : `${pathOf(above)} has ${known.join(', ')}.`;
  return new FlowError('usage', `there is no command ${full(word)}${meant}`, { hint });
}

/** A flag that the command does not have. */
export function unknownOption(command: Command, flag: string): FlowError {
  const known = command.options.flatMap(({ long }) => long ?? []);
  const near = flag.length < 3 ? undefined : nearest(`-${flag}`.replace(/^-+/, '--'), [...known, '--help']);
  return new FlowError('usage', `unknown option '${flag}'${near === undefined ? '' : `; did you mean ${near}?`}`);
}

/** A flag without its value. */
export function noValue(option: Option, because = ''): FlowError {
  const hint = option.description === '' ? {} : { hint: `${option.long}: ${option.description}.` };
  return new FlowError('usage', `option '${option.flags}' has no value${because}`, hint);
}

/** `nsg show`; `nsgflow` for the program. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : pathOf(command).replace(/^\S+ /, '');
}

function missingArgument(command: Command): FlowError {
  const missing = command.registeredArguments.filter((one, i) => one.required && command.args[i] === undefined);
  const words = missing.map(bracketed).join(' and ');
  return new FlowError(
    'usage',
    `${nameOf(command)} needs ${words}: ${missing.map((one) => one.description).join('; ')}`,
  );
}

function excessArguments(command: Command): FlowError {
  const taken = command.registeredArguments;
  const excess = command.args.slice(taken.length).map((word) => JSON.stringify(word));
  const takes = taken.length === 0 ? 'no arguments' : `only ${taken.map(bracketed).join(' ')}`;
  const more = `${excess.slice(0, 3).join(', ')}${excess.length > 3 ? ', …' : ''}`;
  return new FlowError(
    'usage',
    `${nameOf(command)} takes ${takes}: ${more} ${excess.length === 1 ? 'is' : 'are'} too many`,
  );
}

function bracketed(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** All required options that are missing, not the first alone. */
function missingOptions(command: Command): FlowError {
  const missing = command.options.filter(
    (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
  );
  const hasLake = missing.some(({ long }) => long === '--lake');
  const list = missing.map(({ flags, description }) => `${flags}: ${description}`);
  const next = hasLake ? { hint: 'NSGFLOW_LAKE, or lake in nsgflow.yaml, names the lake of all commands.' } : {};
  if (missing.length === 1) return new FlowError('usage', `${nameOf(command)} needs ${list[0]}`, next);
  const sentence = `${nameOf(command)} needs ${missing.length} more options`;
  return new FlowError('usage', `${sentence}\n  ${list.join('\n  ')}`, next);
}

function wrongChoice(command: Command, flags: string, message: string): FlowError {
  const option = command.options.find((one) => one.flags === flags);
  const [, value = ''] = /argument '([^]*)' (?:from .* )?is invalid/.exec(message) ?? [];
  const choices = option?.argChoices ?? [];
  const near = nearest(value.toLowerCase(), choices);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return new FlowError(
    'usage',
    `${option?.long ?? flags} takes ${orList(choices)}, not ${JSON.stringify(value)}${meant}`,
  );
}

/** `a, b or c` */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
