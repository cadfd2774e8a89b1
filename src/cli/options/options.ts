import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { FlowError, fileError } from '../../base/errors.ts';
import { decodeText } from '../../base/text.ts';
import type { FlowLogFormat } from '../../flowlog/tuple.ts';

/** Options and arguments that several commands share. */

/** For options that may be repeated: takes one value each time. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

const formats: readonly FlowLogFormat[] = ['nsg1', 'nsg2', 'vnet'];

/** @throws usage */
export function parseFormat(text: string): FlowLogFormat {
  const format = formats.find((known) => known === text);
  if (format === undefined)
    throw new FlowError('usage', `unknown flow log format ${JSON.stringify(text)}`, {
      hint: `One of ${formats.join(', ')}.`,
    });
  return format;
}

/** A whole number from `min` to `max`, both included. @throws usage */
export function parseWhole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new FlowError('usage', `${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  return value;
}

/** Adds `--stats json`. */
export function addStats(command: Command): void {
  command.addOption(new Option('--stats <json>', 'print the figures as one JSON object on stdout').choices(['json']));
}

/** Text of a file that the user named, in UTF-8 or in UTF-16 with a byte order mark. @throws not-found, permission, io */
export async function readText(path: string): Promise<string> {
  try {
    return decodeText(await readFile(path));
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
}

/** All of standard input, in the same encodings. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return decodeText(Buffer.concat(chunks));
}
