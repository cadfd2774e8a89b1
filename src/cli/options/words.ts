/** What the words of a command line say before they are parsed, and mistakes in them. */
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { pathOf, unknownCommand, unknownOption } from './mistakes.ts';
import { collect } from './options.ts';

/** Takes `--config FILE` out of the words, wherever it stands. @throws usage */
export function takeConfig(words: readonly string[]): { config: string | undefined; args: string[] } {
  const args = [...words];
  const end = args.indexOf('--');
  const at = args.findIndex((word, i) => (end < 0 || i < end) && /^--config(?:=|$)/.test(word));
  if (at < 0) return { config: undefined, args };
  const [word] = args.splice(at, 1);
  const config = word.includes('=') ? word.slice(word.indexOf('=') + 1) : args.splice(at, 1)[0];
  if (config === undefined || config === '') throw new FlowError('usage', "option '--config <file>' has no value");
  return { config, args };
}

/** The command that the words of `help` name. @throws usage */
export function commandOfHelp(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) throw unknownCommand(command, word);
    command = next;
  }
  return command;
}

/** A flag with one value is refused where it is given twice: the first value would be lost. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    if (option.parseArg === collect || option.variadic || option.isBoolean() || option.negate) continue;
    let count = 0;
    command.on(`option:${option.name()}`, () => {
      if (++count > 1)
        throw new FlowError('usage', `option '${option.flags}' is given twice`, {
          hint: `Give it once. See ${pathOf(command)} --help.`,
        });
    });
  }
}

/** An unknown flag is the mistake, not the required flag that is missing because of it. @throws usage */
export function refuseUnknownOption(command: Command, args: readonly string[]): void {
  for (let i = 0; i < args.length && args[i] !== '--'; i++) {
    const [flag] = args[i].split('=');
    if (!/^-./.test(flag)) continue;
    const option = command.options.find(
      ({ long, short }) => long === flag || short === flag || short === flag.slice(0, 2),
    );
    if (option !== undefined && (option.long === flag || option.short === flag || option.required)) {
      if (option.required && (option.long === flag || option.short === flag) && !args[i].includes('=')) i++;
      continue;
    }
    if (['-h', '--help', '--debug'].includes(flag)) continue;
    throw unknownOption(command, flag);
  }
}
