/** Texts that rows have of their groups, as columns of a row group: codes where they are few, as they mostly are. */
import type { ColumnValues } from '../../parquet/column-values.ts';
import type { StageTables } from '../tuples/staged-rows.ts';
import { groupTextIndex } from '../tuples/stored-columns.ts';

/** Texts that codes of one byte tell apart. */
const codesMax = 256;

export class GroupColumns {
  /** By row, which of `#groups`; these are numbers of the tables. */
  readonly #rows: Uint32Array;
  readonly #groups: number[] = [];
  readonly #tables: StageTables;

  constructor(group: Uint32Array, tables: StageTables) {
    this.#tables = tables;
    this.#rows = new Uint32Array(group.length);
    numberGroups(group, new Uint32Array(tables.groups.length), this.#groups, this.#rows);
  }

  column(name: string): ColumnValues {
    const which = groupTextIndex(name);
    const codes = new Map<string, number>();
    const codeOf = Uint32Array.from(this.#groups, (group) => {
      const text = this.#tables.groups[group][which];
      const code = codes.get(text) ?? codes.size;
      codes.set(text, code);
      return code;
    });
    const texts = [...codes.keys()];
    if (texts.length > codesMax) return { kind: 'texts', texts, ...this.#runs(codeOf) };
    const rows = new Uint8Array(this.#rows.length);
    takeCodes(codeOf, this.#rows, rows);
    return { kind: 'names', codes: rows, names: texts };
  }

  #runs(codeOf: Uint32Array): { readonly runs: number; readonly ends: Uint32Array; readonly ids: Uint32Array } {
    const ends = new Uint32Array(this.#rows.length);
    const ids = new Uint32Array(this.#rows.length);
    return { runs: takeRuns(codeOf, this.#rows, ends, ids), ends, ids };
  }
}

// Loops that are functions of their own: as parts of others they are compiled again and again.

/** Numbers the groups of rows from 0 on, in `rows`, as they come in `groups`; `known` has room for all, and is 0 where one is not known. */
function numberGroups(group: Uint32Array, known: Uint32Array, groups: number[], rows: Uint32Array): void {
  for (let row = 0; row < group.length; row++) {
    const number = group[row];
    if (known[number] === 0) known[number] = groups.push(number);
    rows[row] = known[number] - 1;
  }
}

function takeCodes(codeOf: Uint32Array, from: Uint32Array, to: Uint8Array): void {
  for (let row = 0; row < from.length; row++) to[row] = codeOf[from[row]];
}

/** @returns how many runs there are */
function takeRuns(codeOf: Uint32Array, rows: Uint32Array, ends: Uint32Array, ids: Uint32Array): number {
  let runs = 0;
  for (let row = 0; row < rows.length; row++) {
    const code = codeOf[rows[row]];
    if (runs === 0 || ids[runs - 1] !== code) ids[runs++] = code;
    ends[runs - 1] = row + 1;
  }
  return runs;
}
