/**
 * Questions that may hold gigabytes are answered by a second process: the same command over again, on the same terminal. Until the system has their
 * memory back takes 70 ms a GiB, however the process ends; the first process leaves as soon as the answer is written, or was interrupted.
 *
 *   first                       second
 *   starts it            ──▶    answers
 *   'stop', by SIGINT    ──▶    interrupts the question
 *   gone, by a second    ──▶    ends at once
 *   ends with the code   ◀──    {leave: code}: nothing more comes but the end of temporary files
 */
import type { ChildProcess } from 'node:child_process';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { Query } from '../query/tree.ts';
import { askToStop, stopGently } from './interrupt.ts';
import { tell } from './printable.ts';

const mark = 'NSGFLOW_HANDED_OVER';

/** Whether this process is the second one. */
export const isHandedOver = process.env[mark] !== undefined && process.send !== undefined;

/** Whether a question may hold so much memory that the end of the process takes long; `undefined` is SQL of a user. */
export async function mayHoldMuch(snapshot: Snapshot, question: Query | undefined): Promise<boolean> {
  if (question?.ask === 'tuples' && question.limit !== undefined) return false;
  if (question?.ask === 'groups' && question.observations === true && question.bucketMillis === undefined) return false;
  const { rowsToRead } = await import('../query/row-source.ts');
  const { stitchPlan } = await import('../query/stitch.ts');
  const isStitched = question !== undefined && stitchPlan(question) !== undefined;
  return (
    (await rowsToRead(snapshot, question)) >= (isStitched ? limits.stitchedRowsHereMax : limits.questionRowsHereMax)
  );
}

/** Has a second process run this command, and ends with its exit code. Returns where that cannot be. @throws memory */
export async function handOver(): Promise<void> {
  const args = process.argv.slice(1);
  // What standard input gave is gone.
  if (isHandedOver || process.platform === 'win32' || args.includes('-')) return;
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [mark]: '1' },
  });
  const undo = stopGently(() => child.send('stop', () => undefined));
  const code = await codeOf(child);
  undo();
  if (code === undefined) return;
  if (code === interruptedCode) tell('nsgflow: interrupted');
  process.exit(code);
}

const interruptedCode = 130;

/** The code that the second process leaves with; `undefined` where it could not be started. @throws memory */
function codeOf(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once('message', (message: { leave: number }) => resolve(message.leave));
    child.once('error', () => resolve(undefined));
    child.once('exit', (code, signal) => {
      if (code !== null) resolve(code);
      else reject(new FlowError('memory', `the process that answers was ended by ${signal}`));
    });
  });
}

let hasLeft = false;

/** In the second process: the first one leaves with this code, once the output is written. */
export async function leave(code: number): Promise<void> {
  if (!isHandedOver || hasLeft) return;
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  hasLeft = true;
  process.send?.({ leave: code }, undefined, undefined, () => undefined);
}

if (isHandedOver) {
  // A terminal sends it to both processes: the first one says what it means.
  process.removeAllListeners('SIGINT').on('SIGINT', () => undefined);
  process.on('message', () => void askToStop());
  // Exiting waits for a question that nobody has interrupted.
  const endAlone = (): void => {
    if (!hasLeft && !askToStop()) process.exit(interruptedCode);
  };
  if (process.connected) process.on('disconnect', endAlone);
  else endAlone();
  process.channel?.unref();
}
