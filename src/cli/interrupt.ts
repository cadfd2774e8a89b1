/**
 * Signals of commands that can stop cleanly: the first SIGINT, SIGTERM or SIGHUP (closed terminal) requests a stop, a
 * second SIGINT aborts. Other commands are aborted by the first.
 */
const signals = ['SIGTERM', 'SIGHUP'] as const;
/** Aborts the running question, and the wait for a reader that does not read. */
export const stop = new AbortController();
let current: (() => void) | undefined;
let isStopping = false;
let interrupts = 0;

/**
 * Makes SIGINT, SIGTERM and SIGHUP call `onStop` once instead of ending the process.
 * @returns a function that undoes it
 */
export function stopGently(onStop: () => void): () => void {
  current = onStop;
  const terminate = (): void => void askToStop();
  for (const signal of signals) process.on(signal, terminate);
  return () => {
    current = undefined;
    isStopping = false;
    for (const signal of signals) process.off(signal, terminate);
  };
}

/**
 * Requests the running command to stop.
 * @returns `false` if it cannot stop cleanly, or was asked before
 */
function askToStop(): boolean {
  if (current === undefined) return false;
  const onStop = current;
  current = undefined;
  isStopping = true;
  onStop();
  return true;
}

/**
 * Takes a SIGINT.
 * @returns `true` if the process must end now: the command cannot stop cleanly, or this is the second SIGINT. After a SIGTERM, the first one is not.
 */
export function takeInterrupt(): boolean {
  interrupts++;
  return !askToStop() && !(isStopping && interrupts === 1);
}
