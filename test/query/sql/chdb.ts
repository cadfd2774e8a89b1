/** ClickHouse (chDB behind a small HTTP front) over Parquet files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Relation } from '../../../src/query/relation/relation.ts';
import { clickhouseCell } from '../../../src/query/clickhouse/clickhouse-result.ts';
import type { Cell } from '../../../src/query/engine/result.ts';
import { clickhouse, clickhouseParameters, clickhouseSettings } from '../../../src/query/sql/clickhouse.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import type { SqlText } from '../../../src/query/sql/print.ts';
import { printSql } from '../../../src/query/sql/print.ts';
import { installClickhouse } from '../../lake/chdb/clickhouse.ts';
import type { MadeLake } from './made-tables.ts';

const front = fileURLToPath(new URL('../../lake/chdb/serve.mjs', import.meta.url));

export interface Clickhouse {
  ask(files: MadeLake['files'], relation: Relation): Promise<Cell[][]>;
  close(): void;
}

/** Starts chDB; it reads files below `folder`. */
export async function startClickhouse(folder: string): Promise<Clickhouse> {
  await installClickhouse();
  const server = spawn(process.execPath, [front], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  const send = async ({ text, parameters }: SqlText, format: string): Promise<string> => {
    const search = new URLSearchParams({
      ...Object.fromEntries(Object.entries(clickhouseSettings).map(([name, value]) => [name, String(value)])),
      ...Object.fromEntries(
        Object.entries(clickhouseParameters(parameters)).map(([name, value]) => [`param_${name}`, escaped(value)]),
      ),
    });
    const response = await fetch(`http://127.0.0.1:${port.toString().trim()}/?${search.toString()}`, {
      method: 'POST',
      body: text + format,
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`${body}\n${text}`);
    return body;
  };
  return {
    ask: async (files, relation) => {
      const sources = { tuples: `file('${files.tuples}', Parquet)`, flows: `file('${files.flows}', Parquet)` };
      const sql = printSql(lowerRelation(relation, clickhouse), clickhouse, sources);
      for (const step of sql.steps) await send(step, '');
      const [, types, ...rows] = (await send(sql, '\nFORMAT JSONCompactEachRowWithNamesAndTypes'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown[]);
      return rows.map((row) => row.map((value, i) => clickhouseCell(value, String(types[i]))));
    },
    close: () => server.kill(),
  };
}

/** A parameter's value as ClickHouse reads it. */
function escaped(value: string): string {
  const names: Record<string, string> = { '\t': 't', '\n': 'n', '\r': 'r', '\0': '0' };
  return value.replaceAll(/[\\\t\n\r\0]/g, (one) => `\\${names[one] ?? one}`);
}
