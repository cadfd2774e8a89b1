#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { FlowError } from '../base/errors.ts';
import { commands, groups } from './commands.ts';

/**
 * Finds the command, loads its file alone, and turns every failure into one sentence and an exit code.
 */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  const debug = args.includes('--debug');
  try {
    const program = createProgram();
    const words = args.filter((word) => !word.startsWith('-'));
    for (const { name, summary, load } of commands) {
      const path = name.split(' ');
      const parent = path.length === 1 ? program : childOf(program, path[0]);
      const command = parent.command(path.at(-1)!).description(summary);
      quiet(command);
      if (path.every((part, i) => words[i] === part)) (await load()).define(command);
    }
    await program.parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return report(error, debug);
  }
}

function createProgram(): Command {
  const program = new Command('nsgflow')
    .description('Flow logging for network security groups: record, store, read and question flow logs.')
    .option('--debug', 'show the stack and causes of an error')
    .version(version(), '--version', 'show the version');
  quiet(program);
  program.addHelpText(
    'after',
    '\nExamples:\n' +
      '  nsgflow record --capture traffic.pcap --network network.json --to ./logs\n' +
      '  nsgflow ingest ./logs --lake ./lake\n' +
      '  nsgflow top --by src.ip --metric bytes --lake ./lake\n' +
      '  nsgflow flows access = deny and dst.port in 1-1023 --lake ./lake\n',
  );
  return program;
}

/** The group of commands named `name`, made at its first use. */
function childOf(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const summary = groups[name] ?? '';
  const group = program.command(name).description(summary);
  quiet(group);
  return group;
}

function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined }).showSuggestionAfterError(true);
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0 || error.code === 'commander.help') return error.code === 'commander.help' ? 2 : 0;
    process.stderr.write(`nsgflow: ${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}\n  See --help.\n`);
    return 2;
  }
  if (error instanceof FlowError) {
    process.stderr.write(`nsgflow: ${error.message}\n${error.hint === '' ? '' : `  ${error.hint}\n`}`);
    if (debug) process.stderr.write(`${error.code}\n${stackOf(error)}\n`);
    return error.exitCode;
  }
  process.stderr.write(`nsgflow: a fault in nsgflow: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(debug ? `${stackOf(error)}\n` : '  Please report it, with the output of the same command and --debug.\n');
  return 8;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? (error.stack ?? '') : `${error.stack}\ncaused by ${stackOf(error.cause)}`;
}
