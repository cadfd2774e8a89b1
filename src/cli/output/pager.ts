import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';

export interface Pager {
  /** Accepts all output, also after the reader has quit. */
  readonly out: Writable;
  /** The reader has quit: later output is not seen. */
  readonly hasLeft: boolean;
  /** Ends the output and waits until the reader quits. */
  close(): Promise<void>;
}

/**
 * The pager for output of more than one screen on a terminal: `$PAGER`, otherwise less, which quits by itself if
 * everything fits on one screen. It moves sideways over lines that are too wide if `isWide`. `PAGER=cat` or `--no-pager` disable it. `undefined` if there is none.
 */
export async function openPager(isWide: boolean): Promise<Pager | undefined> {
  const [program, ...args] = (process.env['PAGER'] ?? 'less').trim().split(/\s+/);
  if (program === '' || program === 'cat') return undefined;
  const child = spawn(program, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: isWide ? 'FRXS' : 'FRX', ...process.env },
  });
  // A reader that quits early is not a failure.
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
  // After an abort, no pager may keep the terminal.
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
      // After all pending output.
      await new Promise<void>((resolve) => out.write('', () => resolve()));
      child.stdin.end();
      await gone;
      process.off('exit', kill);
    },
  };
}
