/**
 * The tables of a question as SQL for ClickHouse: the data files of the versions that a view of the lake has pinned, by their paths. Its Delta reader
 * opens the log for each use of a table, skips no files, and reads all columns of rows that a condition drops. A file that the server lacks is an error.
 * Rows that are built for the question go with it, as Parquet in parameters: the folder in which they are is private.
 */
import { readFile } from 'node:fs/promises';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { addressSides } from '../../lake/files/address-filter.ts';
import type { TableFiles } from '../../lake/flows/view.ts';
import type { DataFile } from '../../lake/delta/snapshot.ts';
import type { QuestionFiles, QuestionView } from '../engine/question-view.ts';
import type { TableName } from '../relation/node-names.ts';
import { tableColumns } from '../relation/tables.ts';
import type { Column } from '../relation/type.ts';
import { clickhouse } from '../sql/clickhouse.ts';
import type { SqlStatement } from '../sql/node.ts';
import type { TableSources } from '../sql/print.ts';
import { typeText } from '../sql/print.ts';
import { filesToRead } from '../engine/table-source.ts';

/** Values of parameters by name. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

export interface SourceStep {
  readonly name: string;
  readonly text: string;
  readonly values: Values;
}

export interface ClickhouseSource {
  readonly sql: string;
  readonly values: Values;
  /** Makes the temporary table in which the rows are that were built for the question. */
  readonly step?: SourceStep;
  readonly read: readonly DataFile[];
  readonly unfiltered: number;
}

/** Both tables as the printer takes them; those that a question does not read are empty texts. */
export function textsOf(sources: Partial<Record<TableName, ClickhouseSource>>): TableSources {
  return { tuples: sources.tuples?.sql ?? '', flows: sources.flows?.sql ?? '' };
}

/** The tables of a question, with the columns that it reads. With `addresses`, rows without any of them may be missing. @throws unavailable where too much is not settled */
export async function clickhouseSources(
  view: QuestionView,
  files: QuestionFiles,
  read: SqlStatement['tables'],
  addresses: readonly string[] | undefined,
): Promise<Partial<Record<TableName, ClickhouseSource>>> {
  const sources: Partial<Record<TableName, ClickhouseSource>> = {};
  for (const name of ['tuples', 'flows'] as const) {
    const tables = files[name];
    const stored = name === 'tuples' ? view.tuples.files : view.storedFlows;
    const columns = tableColumns[name].filter((column) => read.get(name)?.has(column.name) === true);
    if (tables !== undefined) sources[name] = await sourceOf(name, columns, stored, tables, addresses);
  }
  return sources;
}

async function sourceOf(
  name: TableName,
  needed: readonly Column[],
  all: readonly DataFile[],
  tables: readonly TableFiles[],
  addresses: readonly string[] | undefined,
): Promise<ClickhouseSource> {
  const isStored = new Set(all.map(({ path }) => path));
  const stored: DataFile[] = [];
  const built: DataFile[] = [];
  let unfiltered = 0;
  for (const table of tables)
    for (const { file, rows } of await filesToRead(table, addresses)) {
      (isStored.has(file.path) ? stored : built).push(file);
      if (addresses !== undefined && rows === undefined) unfiltered++;
    }
  const selected = needed.length === 0 ? tableColumns[name].slice(0, 1) : needed;
  // Those of addresses stand in its condition.
  const typed = tableColumns[name].filter(
    (column) => selected.includes(column) || /^(?:src|dst)_ip$/.test(column.name),
  );
  const columns = selected.map((column) => `\`${column.name}\``);
  const types = typed.map((column) => `\`${column.name}\` ${typeText(column.type, clickhouse)}`);
  const ofTypes = { [`${name}_types`]: types.join(', ') };
  const select = `SELECT ${columns.join(', ')} FROM`;
  const lists = chunksOf(
    stored.map(({ path }) => path),
    pathsInParameter,
  );
  const where = addresses === undefined ? '' : ` PREWHERE ${addressTest(`{${name}_addresses:Array(String)}`)}`;
  const rows = await sentRows(name, built);
  const parts = lists.map(
    (_, i) => `${select} file({${name}_files_${i}:Array(String)}, Parquet, {${name}_types:String})${where}`,
  );
  if (built.length > 0) parts.push(`${select} built_${name}`);
  if (parts.length === 0) parts.push(`${select} null({${name}_types:String})`);
  const sent = rows.texts.map((text) => `${select} format(Parquet, {${name}_types:String}, ${text})`);
  return {
    sql: `(${parts.join(' UNION ALL ')})`,
    values: {
      ...ofTypes,
      ...Object.fromEntries(lists.map((list, i) => [`${name}_files_${i}`, list])),
      ...(addresses === undefined ? {} : { [`${name}_addresses`]: [...new Set(addresses)] }),
    },
    ...(built.length === 0
      ? {}
      : { step: stepOf(`built_${name}`, sent.join(' UNION ALL '), { ...ofTypes, ...rows.values }) }),
    read: [...stored, ...built],
    unfiltered,
  };
}

/** Columns that are not tested are read of the rows only for which it holds. */
function addressTest(list: string): string {
  return addressSides.map((side) => `${side}_ip IN ${list}`).join(' OR ');
}

function stepOf(name: string, query: string, values: Values): SourceStep {
  return { name, text: clickhouse.step(name, query), values };
}

/** Files as expressions that give their bytes. @throws unavailable */
async function sentRows(name: TableName, files: readonly DataFile[]): Promise<{ texts: string[]; values: Values }> {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (bytes > limits.sentFlowsBytesMax)
    throw new FlowError(
      'unavailable',
      `too many tuples are not settled to send their flows to a server with a question`,
      {
        hint: 'Settle the lake first (nsgflow lake settle), or ask without --engine.',
      },
    );
  const values: Record<string, string> = {};
  const texts: string[] = [];
  for (const { path } of files) {
    const base64 = (await readFile(path)).toString('base64');
    const places: string[] = [];
    for (let at = 0; at < base64.length; at += parameterCharacters) {
      const key = `${name}_rows_${Object.keys(values).length}`;
      values[key] = base64.slice(at, at + parameterCharacters);
      places.push(`{${key}:String}`);
    }
    texts.push(`base64Decode(concat(${places.join(', ')}, ''))`);
  }
  return { texts, values };
}

/** Servers take 128 KiB in a parameter unless told otherwise (`http_max_field_value_size`). */
const parameterCharacters = 96 * 1024;
/** Of files. They have about 100 characters. */
const pathsInParameter = 500;

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
