/**
 * How a command that can stop gently takes SIGINT and SIGTERM: the first asks it to stop, a second SIGINT aborts. Commands that say nothing are
 * aborted by the first.
 */
let stop: (() => void) | undefined;

/**
 * Makes SIGINT and SIGTERM call `onStop`, once, instead of ending the process.
 * @returns what undoes it
 */
export function stopGently(onStop: () => void): () => void {
  stop = onStop;
  const terminate = (): void => void askToStop();
  process.on('SIGTERM', terminate);
  return () => {
    stop = undefined;
    process.off('SIGTERM', terminate);
  };
}

/** Asks the running command to stop. @returns `false` when it cannot, or was asked before */
export function askToStop(): boolean {
  if (stop === undefined) return false;
  const onStop = stop;
  stop = undefined;
  onStop();
  return true;
}
