import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { Configuration } from '../options/configuration.ts';
import { findConfiguration, generalSettings } from '../options/configuration.ts';
import { commandsBelow, configure, lakeOfEnvironment } from '../options/configure.ts';
import { resultOf } from '../output/output.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';

interface ShowOptions extends OutputOptions {
  readonly effective?: boolean;
}

type Row = Record<'command' | 'setting' | 'value' | 'source', unknown>;

export function define(command: Command): void {
  command
    .argument('[command...]', 'with --effective: this command and all of its flags')
    .option('--effective', 'every value that holds, and where it comes from');
  addOutput(command);
  command.action(async (words: string[], options: ShowOptions) => {
    const found = await findConfiguration(command.optsWithGlobals<{ config?: string }>().config);
    const rows =
      options.effective === true
        ? effective(words.join(' '), found, commandsBelow(command.parent!.parent!))
        : inFile(found);
    await print(resultOf([...rows], ['command', 'setting', 'value', 'source']), formatOf(options), {
      below: () => (rows.length > 0 ? [] : ['no settings: nsgflow config show --effective shows the defaults']),
    });
  });
}

function inFile(found: Configuration | undefined): Row[] {
  return (found?.settings ?? []).map(({ command, key, value, line }) => ({
    command,
    setting: key,
    value: textOf(value),
    source: `${found!.path}:${line}`,
  }));
}

/** @throws usage for an unknown command */
function effective(name: string, found: Configuration | undefined, commands: ReadonlyMap<string, Command>): Row[] {
  if (name === '') {
    return generalSettings.map((key) => {
      const setting = found?.settings.findLast((one) => one.command === '' && one.key === key);
      const lake = key === 'lake' ? lakeOfEnvironment() : undefined;
      if (lake !== undefined) return { command: '', setting: key, value: lake, source: 'NSGFLOW_LAKE' };
      const source = setting === undefined ? 'default' : `${found!.path}:${setting.line}`;
      return { command: '', setting: key, value: textOf(setting?.value), source };
    });
  }
  const command = commands.get(name);
  if (command === undefined) throw new FlowError('usage', `there is no command ${JSON.stringify(name)}`);
  configure(command, name, found);
  return command.options.map((option) => {
    const key = option.long?.slice(option.negate ? '--no-'.length : 2) ?? '';
    const variable = option.envVar ?? '';
    const source = command.getOptionValueSource(option.attributeName());
    const isVariable = variable !== '' && (process.env[variable] ?? '') !== '';
    const setting = found?.settings.findLast(
      (one) => (one.command === name || one.command === '') && (one.key === key || one.key === `no-${key}`),
    );
    return {
      command: name,
      setting: key,
      value: textOf(isVariable ? process.env[variable] : command.getOptionValue(option.attributeName())),
      source: isVariable
        ? variable
        : source === 'env'
          ? 'NSGFLOW_LAKE'
          : source === 'config' && setting !== undefined
            ? `${found!.path}:${setting.line}`
            : 'default',
    };
  });
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
