/** A row of values as one line of blocks. */

const blocks = [...'▁▂▃▄▅▆▇█'];
const ascii = [...'.:-=+*#@'];

/** Whether a terminal has no more than ASCII: `TERM=dumb`. */
export function isPlainTerminal(): boolean {
  return process.env['TERM'] === 'dumb';
}

/** One character a value, relative to the largest; a blank where there is nothing. */
export function sparkline(values: readonly number[], isPlain = isPlainTerminal()): string {
  const levels = isPlain ? ascii : blocks;
  const most = Math.max(...values, 0);
  return values
    .map((value) =>
      value <= 0 ? ' ' : levels[Math.min(levels.length - 1, Math.floor((value / most) * levels.length))],
    )
    .join('');
}
