/**
 * The tables of a question as SQL for ClickHouse: the versions that a view of the lake has pinned. Rows that are built for the question go with it, as
 * Parquet in parameters: a server need not see files of this machine, and writes nothing.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { TableFiles } from '../lake/flows/view.ts';
import type { DataFile } from '../lake/snapshot.ts';
import type { LakeTables } from './clickhouse-place.ts';
import type { QuestionFiles, QuestionView } from './question-view.ts';
import type { TableName } from './relation/relation.ts';
import { tableColumns } from './relation/tables.ts';
import { clickhouse } from './sql/clickhouse.ts';
import type { TableSources } from './sql/print.ts';
import { typeText } from './sql/print.ts';
import { filesToRead } from './table-source.ts';

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

/** The tables of a question. Of files, those that may hold rows with one of `addresses`. @throws lake-invalid, limit-exceeded */
export async function clickhouseSources(
  view: QuestionView,
  files: QuestionFiles,
  places: LakeTables,
  addresses: readonly string[] | undefined,
): Promise<Partial<Record<TableName, ClickhouseSource>>> {
  const sources: Partial<Record<TableName, ClickhouseSource>> = {};
  if (files.tuples !== undefined) {
    const { version, files: all } = view.tuples;
    sources.tuples = await sourceOf('tuples', { place: places.tuples, version, all }, files.tuples, addresses);
  }
  if (files.flows !== undefined) {
    const { flowsVersion: version, storedFlows: all } = view;
    sources.flows = await sourceOf('flows', { place: places.flows, version, all }, files.flows, addresses);
  }
  return sources;
}

/** A table as the lake has it. */
interface StoredTable {
  /** Its table function. */
  readonly place: string;
  readonly version: number | undefined;
  readonly all: readonly DataFile[];
}

async function sourceOf(
  name: TableName,
  { place, version, all }: StoredTable,
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
  const columns = tableColumns[name].map((column) => `\`${column.name}\``).join(', ');
  const types = tableColumns[name].map((column) => `\`${column.name}\` ${typeText(column.type, clickhouse)}`);
  const selected = namedFiles(name, all, stored);
  const rows = await sentRows(name, built);
  const parts: string[] = [];
  if (stored.length > 0 && version !== undefined)
    parts.push(`SELECT ${columns} FROM ${place}${selected.where} SETTINGS delta_lake_snapshot_version = ${version}`);
  if (rows.texts.length > 0) parts.push(`SELECT ${columns} FROM built_${name}`);
  if (parts.length === 0) parts.push(`SELECT ${columns} FROM null({${name}_types:String})`);
  const ofTypes = { [`${name}_types`]: types.join(', ') };
  const sent = rows.texts.map((text) => `SELECT ${columns} FROM format(Parquet, {${name}_types:String}, ${text})`);
  return {
    sql:
      parts.length === 1 ? `(${parts[0]})` : `(${parts.map((part) => `SELECT * FROM (${part})`).join(' UNION ALL ')})`,
    values: { ...ofTypes, ...selected.values },
    ...(sent.length === 0
      ? {}
      : { step: stepOf(`built_${name}`, sent.join(' UNION ALL '), { ...ofTypes, ...rows.values }) }),
    read: [...stored, ...built],
    unfiltered,
  };
}

function stepOf(name: string, query: string, values: Values): SourceStep {
  return { name, text: clickhouse.step(name, query), values };
}

/** A condition by which only these files of a table are read, by their names. @throws lake-invalid where names do not tell them apart */
function namedFiles(
  name: TableName,
  all: readonly DataFile[],
  some: readonly DataFile[],
): { where: string; values: Values } {
  if (some.length === all.length) return { where: '', values: {} };
  const names = some.map(({ path }) => basename(path));
  const wanted = new Set(names);
  if (all.filter(({ path }) => wanted.has(basename(path))).length > names.length)
    throw new FlowError(
      'lake-invalid',
      `the table ${name} has several data files of one name: ClickHouse mixes them up`,
      {
        hint: 'nsgflow lake compact writes files with names of their own; or ask without --engine.',
      },
    );
  const lists = chunksOf(names, namesInParameter);
  const tests = lists.map((_, i) => `_file IN {${name}_files_${i}:Array(String)}`);
  return {
    where: ` WHERE ${tests.join(' OR ')}`,
    values: Object.fromEntries(lists.map((list, i) => [`${name}_files_${i}`, list])),
  };
}

/** Files as expressions that give their bytes. @throws limit-exceeded */
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
/** Names of files have about 50 characters. */
const namesInParameter = 1000;

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks.length === 0 ? [[]] : chunks;
}
