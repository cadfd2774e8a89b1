import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

export interface Pager {
  readonly out: Writable;
  /** Ends the output and waits until the reader has left. */
  close(): Promise<void>;
}

/**
 * What shows more than one screen on a terminal: `$PAGER`, else less, which leaves by itself where everything fits on one; `PAGER=cat` or
 * `--no-pager` for none. `undefined` where there is none.
 */
export async function openPager(): Promise<Pager | undefined> {
  const [program, ...args] = (process.env['PAGER'] ?? 'less').trim().split(/\s+/);
  if (program === '' || program === 'cat') return undefined;
  const child = spawn(program, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', ...process.env },
  });
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false);
  if (!started) return undefined;
  // A reader that leaves early is no failure.
  child.stdin.on('error', () => undefined);
  const gone = once(child, 'close');
  return {
    out: child.stdin,
    close: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
