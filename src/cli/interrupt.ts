/**
 * How a command that can stop current takes SIGINT, SIGTERM and SIGHUP (its terminal is gone): the first asks it to stop, a second SIGINT aborts.
 * Commands that say nothing are aborted by the first.
 */
const signals = ['SIGTERM', 'SIGHUP'] as const;
/** Ends what the command asks, and the wait for a reader that takes no more. */
export const stop = new AbortController();
let current: (() => void) | undefined;

/**
 * Makes SIGINT, SIGTERM and SIGHUP call `onStop`, once, instead of ending the process.
 * @returns what undoes it
 */
export function stopGently(onStop: () => void): () => void {
  current = onStop;
  const terminate = (): void => void askToStop();
  for (const signal of signals) process.on(signal, terminate);
  return () => {
    current = undefined;
    for (const signal of signals) process.off(signal, terminate);
  };
}

/** Asks the running command to stop. @returns `false` when it cannot, or was asked before */
export function askToStop(): boolean {
  if (current === undefined) return false;
  const onStop = current;
  current = undefined;
  onStop();
  return true;
}
