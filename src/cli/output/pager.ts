import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';

export interface Pager {
  /** Takes everything, also when the reader has left. */
  readonly out: Writable;
  /** The reader has left: nobody sees what is written from now on. */
  readonly hasLeft: boolean;
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
  // A reader that leaves early is no failure.
  child.stdin.on('error', () => undefined);
  let hasLeft = false;
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasLeft = true;
      resolve();
    });
  });
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  if (!started) return undefined;
  // Who aborts does not leave a reader behind that holds the terminal.
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  const out = new Writable({
    write: (chunk, _encoding, done) => {
      if (hasLeft) done();
      else child.stdin.write(chunk, () => done());
    },
  });
  return {
    out,
    get hasLeft() {
      return hasLeft;
    },
    close: async () => {
      // After all that waits to be written.
      await new Promise<void>((resolve) => out.write('', () => resolve()));
      child.stdin.end();
      await gone;
      process.off('exit', kill);
    },
  };
}
