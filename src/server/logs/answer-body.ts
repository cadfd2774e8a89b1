/**
 * Writes the answer of a query:
 *
 *     {"tables":[{"name":"PrimaryResult","columns":[{"name":"n","type":"long"}],"rows":[[1]]}],"statistics":{…},"render":{…}}
 *
 * A value of type dynamic is its JSON as text, and longs are exact numbers.
 */
import { limits } from '../../base/limits.ts';
import type { ExactCell } from '../../query/engine/result.ts';
import type { LogsAnswer } from './logs-engine.ts';
import type { Preferences } from './prefer.ts';
import { visualizationOf } from './visualization.ts';

export async function answerBody(answer: LogsAnswer, prefer: Preferences, startMillis: number): Promise<string> {
  const { columns, chunks, render, bytesRead } = answer;
  const types = columns.map(({ type }) => type);
  const rows: string[] = [];
  let bytes = 0;
  let isCut = false;
  for await (const chunk of chunks) {
    for (const row of chunk) {
      const text = `[${row.map((cell, at) => cellText(cell, types[at] ?? '')).join(',')}]`;
      isCut = rows.length >= limits.logsRowsMax || bytes + text.length > limits.logsBytesMax;
      if (isCut) break;
      rows.push(text);
      bytes += text.length;
    }
    if (isCut) break;
  }
  const head = JSON.stringify({ name: 'PrimaryResult', columns: columns.map(({ name, type }) => ({ name, type })) });
  const table = `${head.slice(0, -1)},"rows":[${rows.join(',')}]}`;
  const more = {
    ...(prefer.statistics
      ? { statistics: statistics((performance.now() - startMillis) / 1000, rows.length, bytes, bytesRead) }
      : {}),
    ...(prefer.render ? { render: visualizationOf(render) } : {}),
    ...(isCut ? { error: partialError(rows.length) } : {}),
  };
  const rest = JSON.stringify(more).slice(1, -1);
  return `{"tables":[${table}]${rest === '' ? '' : `,${rest}`}}`;
}

/** Values of KQL as `query -o json` prints them, but for dynamic ones. */
function cellText(cell: ExactCell, type: string): string {
  if (cell === null) return 'null';
  if (typeof cell === 'bigint') return String(cell);
  if (type === 'dynamic') return JSON.stringify(typeof cell === 'string' ? cell : JSON.stringify(cell));
  return JSON.stringify(cell);
}

function statistics(executionTime: number, tableRowCount: number, tableSize: number, bytesRead: number): object {
  return {
    query: {
      executionTime,
      datasetStatistics: [{ tableRowCount, tableSize }],
      inputDatasetStatistics: { extents: { scanned: { bytes: bytesRead } } },
    },
  };
}

/** What Azure answers beside the rows when there are too many of them. */
function partialError(rows: number): object {
  return {
    code: 'PartialError',
    message: 'There were some errors when processing your query.',
    details: [
      {
        code: 'EngineError',
        message: 'Something went wrong processing your query on the server.',
        innererror: {
          code: '-2133196797',
          message: `The results of this query exceed the set limit of ${limits.logsRowsMax} records or ${limits.logsBytesMax} bytes, so not all records were returned: there are ${rows} here (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003).`,
          severity: 2,
          severityName: 'Error',
        },
      },
    ],
  };
}
