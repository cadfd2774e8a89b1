/** `--watch`: a question that is asked again and again, each answer in place of the last. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatTime } from '../../base/time.ts';
import { stopGently } from '../interrupt.ts';
import { parseDelay } from '../options/amount.ts';
import { formatOf, redrawNext } from '../output/print.ts';
import { tell } from '../output/printable.ts';
import { isPlainTerminal } from '../output/sparkline.ts';
import type { AskOptions } from './question.ts';

export interface WatchOptions extends AskOptions {
  readonly watch?: string;
}

const intervalMillisMin = 1000;

export function addWatch(command: Command): void {
  command.option('--watch <time>', 'ask again at this interval (10s), and redraw in place; on a terminal');
}

/**
 * Asks once, or with `--watch` until Ctrl-C, which is the usual end: no sentence, and exit code 130.
 * @throws usage
 */
export async function watched(options: WatchOptions, ask: () => Promise<void>): Promise<void> {
  if (options.watch === undefined) return ask();
  const intervalMillis = parseDelay('--watch', options.watch);
  if (intervalMillis < intervalMillisMin) throw new FlowError('usage', '--watch takes one second or more');
  if (!process.stdout.isTTY || formatOf(options) !== 'table')
    throw new FlowError('usage', '--watch redraws a table on a terminal', {
      hint: 'For programs: nsgflow tail --follow prints tuples as they come.',
    });
  if (options.input !== undefined)
    throw new FlowError('usage', '--watch asks a lake again and again: give --lake, not -i');
  try {
    for (;;) {
      redrawNext(isPlainTerminal() ? '\n' : '\u001b[H\u001b[2J\u001b[3J');
      await ask();
      tell(`every ${options.watch}, last at ${formatTime(Date.now()).slice(11, 19)} UTC; Ctrl-C ends`);
      await waited(intervalMillis);
    }
  } catch (error) {
    if (!(error instanceof FlowError && error.code === 'interrupted')) throw error;
    // The last answer stays on the screen. What the user types next does not stand behind the ^C of the terminal.
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.exitCode = error.exitCode;
  }
}

/** @throws interrupted */
async function waited(millis: number): Promise<void> {
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort());
  try {
    await sleep(millis, undefined, { signal: stop.signal });
  } catch (cause) {
    throw new FlowError('interrupted', 'interrupted', { cause });
  } finally {
    undo();
  }
}
