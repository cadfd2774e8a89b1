import { expect, test } from 'vitest';
import { GroupColumns } from '../../../src/lake/flows/group-columns.ts';
import type { ColumnValues } from '../../../src/parquet/column-values.ts';
import { StageTables } from '../../../src/lake/tuples/staged-rows.ts';
import { groupTexts } from '../../../src/lake/tuples/stored-columns.ts';

/** The text of each row, as the column says. */
function textsOf(column: ColumnValues, rows: number): string[] {
  if (column.kind === 'names') return Array.from(column.codes, (code) => column.names[code]);
  if (column.kind !== 'texts') throw new Error(`a column of ${column.kind}`);
  const texts: string[] = [];
  for (let run = 0; run < column.runs; run++)
    while (texts.length < column.ends[run]) texts.push(column.texts[column.ids[run]]);
  expect(texts.length).toBe(rows);
  return texts;
}

test.each([
  [1, 'names'],
  [255, 'names'],
  [256, 'names'],
  [257, 'texts'],
  [5000, 'texts'],
])('%i blobs of a row group go out as %s, and each row has the text of its group', (blobs, kind) => {
  const tables = new StageTables();
  const groups = Array.from({ length: blobs }, (_, i) =>
    tables.groupId(groupTexts.map((name) => (name === 'blob' ? `blob ${i}` : name === 'mac' ? '' : name))),
  );
  const rows = Array.from({ length: 3 * blobs }, (_, row) => (row * 7919 + (row >> 2)) % blobs);
  const all = Uint32Array.from([...rows, ...groups.keys()], (i) => groups[i]);
  const columns = new GroupColumns(all, tables);
  const blob = columns.column('blob');
  expect(blob.kind).toBe(kind);
  expect(textsOf(blob, all.length)).toEqual(
    Array.from(all, (group) => tables.groups[group][groupTexts.indexOf('blob')]),
  );
  expect(textsOf(columns.column('mac'), all.length)).toEqual(Array.from(all, () => ''));
});
