/** Tables of text: CSV (RFC 4180), also with semicolons or tabs. */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

export interface CsvRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of a text, without empty lines and those that begin with `#`. @throws names-invalid */
export function readCsv(text: string, path: string): CsvRow[] {
  const separator = separatorOf(text);
  const rows: CsvRow[] = [];
  let [line, start, at] = [1, 1, 0];
  let cells: string[] = [];
  const end = text.length;
  while (at <= end) {
    let cell = '';
    if (text[at] === '"') {
      const opened = line;
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (at >= end) throw new FlowError('names-invalid', `${path}:${opened}: this " is not closed`);
        if (text[at] === '\n') line++;
        if (text[at] === '"') at++;
        cell += text[at];
      }
      at++;
    } else {
      const from = at;
      while (at < end && text[at] !== separator && text[at] !== '\n') at++;
      cell = text.slice(from, at);
    }
    while (at < end && text[at] !== separator && text[at] !== '\n') at++;
    cells.push(cell.trim());
    if (text[at] === separator && at < end) {
      at++;
      continue;
    }
    if ((cells.length > 1 || cells[0] !== '') && !cells[0].startsWith('#')) rows.push({ line: start, cells });
    if (rows.length > limits.nameRowsMax)
      throw new FlowError('names-invalid', `${path}: more than ${limits.nameRowsMax} rows`);
    cells = [];
    at++;
    start = ++line;
  }
  return rows;
}

/** The one of these that the first line has most. */
function separatorOf(text: string): string {
  const [first] = text.split('\n', 1);
  const count = (one: string): number => first.split(one).length;
  return [';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best), ',');
}

/** A heading as the name of a column: `Cost Centre` is `cost_centre`. */
export function columnName(heading: string): string {
  return heading
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
}
