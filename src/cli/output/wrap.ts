/**
 * Cells of a table in lines.
 *
 *   TIME      SOURCE           DESTINATION      RULE
 *   10:00:00  10.0.0.4:50123   198.51.100.123:  AllowWeb
 *                              54321
 *   10:00:01  [2001:db8:1234:5678::25]:50123
 *                              10.0.0.4:443     AllowWeb
 *
 * An address is never broken: if its column is too narrow, it has a line of its own, and the cells behind it follow below.
 */

/** Between two columns. */
export const tableGap = 2;

/** An IPv6 address, perhaps in brackets and with a port, a prefix length or an IPv4 end; or an IPv4 address with a prefix length. */
const address =
  /(?<![\w.:])(?:\[[\da-f:.]+\](?::\d+)?|(?=[\da-f:]*:[\da-f]*:)[\da-f:]+(?:\.\d+){0,3}(?:\/\d+)?|\d+(?:\.\d+){3}(?:\/\d+)?)(?![\w.])/gi;

/** A cell in lines of at most `width`, or of one address that is longer. */
export function wrapCell(cell: string, width: number): string[] {
  const lines: string[] = [];
  let rest = cell;
  while (rest.length > width) {
    const end = breakOf(rest, width);
    if (end >= rest.length) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest];
}

/** The length of the longest address in a text, 0 if there is none. */
export function longestAddress(text: string): number {
  return Math.max(0, ...[...text.matchAll(address)].map(([found]) => found.length));
}

/** Behind a separator or before a capital letter if one is in the second half of a line; never inside an address. */
function breakOf(text: string, width: number): number {
  const addresses = [...text.matchAll(address)].map((found) => [found.index, found.index + found[0].length]);
  const inside = (at: number): number[] | undefined => addresses.find(([start, end]) => at > start && at < end);
  for (let at = width; at > width / 2; at--) {
    const isBreak = /[ ,/_:;|\]-]/.test(text[at - 1]) || /^[a-z\d][A-Z]/.test(text.slice(at - 1, at + 1));
    if (isBreak && inside(at) === undefined) return at;
  }
  const [start, end] = inside(width) ?? [];
  if (start !== undefined && end !== undefined) {
    // The address goes whole before its port.
    const port = /\]:\d+$/.test(text.slice(start, end)) ? text.indexOf(']', start) + 1 : end;
    if (start === 0) return port <= width ? port : end;
    return start;
  }
  const isPair = /[\ud800-\udbff]/.test(text[width - 1]);
  return isPair ? (width === 1 ? 2 : width - 1) : width;
}

/** A cell of a row, and its column. */
export interface RowCell {
  readonly lines: readonly string[];
  /** Where its column begins. */
  readonly start: number;
  readonly width: number;
  readonly isRight: boolean;
  /** Whether it wraps, so that only an address makes it wider than its column. Other wide cells move what is right of them. */
  readonly isWrapping: boolean;
}

/** The lines of a row, on a terminal of `width` columns. */
export function rowLines(cells: readonly RowCell[], width: number, paint: (text: string, i: number) => string): string {
  let text = '';
  let band: { readonly i: number; readonly start: number }[] = [];
  let free = 0;
  let isLong = false;
  const close = (): void => {
    text += bandLines(band, cells, paint);
    band = [];
    free = 0;
  };
  for (const [i, cell] of cells.entries()) {
    const length = Math.max(...cell.lines.map((line) => line.length));
    const isLongNow = cell.isWrapping && length > cell.width;
    let start = isLongNow ? Math.min(cell.start, Math.max(0, width - length)) : cell.start;
    if (band.length > 0 && start < free && (isLong || isLongNow)) close();
    start = Math.max(start, free);
    band.push({ i, start });
    free = start + Math.max(length, cell.width) + tableGap;
    isLong = isLongNow;
  }
  close();
  return text;
}

/** Cells side by side. */
function bandLines(
  band: readonly { readonly i: number; readonly start: number }[],
  cells: readonly RowCell[],
  paint: (text: string, i: number) => string,
): string {
  let text = '';
  for (let y = 0; y < Math.max(0, ...band.map(({ i }) => cells[i].lines.length)); y++) {
    let line = '';
    let length = 0;
    for (const { i, start } of band) {
      const { lines, isRight, width } = cells[i];
      const part = lines[y];
      if (part === undefined || part === '') continue;
      const at = isRight ? start + Math.max(0, width - part.length) : start;
      line += ' '.repeat(at - length) + paint(part, i);
      length = at + part.length;
    }
    text += `${line.trimEnd()}\n`;
  }
  return text;
}
