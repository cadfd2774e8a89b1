/** Rows for a terminal that is too narrow for a table: a line for each cell, and an empty line behind each row. */
import { tableGap, wrapCell } from './wrap.ts';

/** Below this width, the value stands below its name. */
const valueWidthMin = 12;

/** The lines of a row; `names` is empty for values only. */
export function recordLines(
  names: readonly string[],
  cells: readonly string[],
  width: number,
  paintName: (text: string) => string,
  paint: (text: string, i: number) => string,
): string {
  const nameWidth = Math.max(0, ...names.map(({ length }) => length));
  const start = names.length === 0 ? 0 : nameWidth + tableGap;
  const room = Math.max(1, width - start);
  let text = '';
  for (const [i, cell] of cells.entries()) {
    const beside = wrapCell(cell.trim(), room);
    const isBeside = start === 0 || (room >= valueWidthMin && beside.every(({ length }) => length <= room));
    const name = names[i] === undefined ? '' : paintName(names[i]);
    if (isBeside) {
      const [first, ...more] = beside.map((line) => paint(line, i));
      const filled = start === 0 ? '' : name + ' '.repeat(start - names[i].length);
      text += `${filled}${first}\n${more.map((line) => `${' '.repeat(start)}${line}\n`).join('')}`;
    } else {
      const below = wrapCell(cell.trim(), Math.max(1, width - tableGap));
      text += `${name}\n${below.map((line) => `${' '.repeat(tableGap)}${paint(line, i)}\n`).join('')}`;
    }
  }
  return `${text}\n`;
}
