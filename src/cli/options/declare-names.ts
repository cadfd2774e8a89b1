import { readOwnTable } from '../../enrich/own-table.ts';
import { readNamesFile } from '../../enrich/read-file.ts';
import { declareOwnColumns } from '../../query/names/own-columns.ts';
import type { NameOptions } from './name-options.ts';

/** Makes columns of the tables of --names known before a command reads its filter. @throws not-found, permission, io, names-invalid */
export async function declareNames({ names = [] }: NameOptions): Promise<void> {
  for (const path of names) declareOwnColumns(readOwnTable(await readNamesFile(path), path).attributes);
}
