/** Questions of the console over the example's lake: same rows as the commands, errors at their place, memory, and cancellation. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { AnswerCache } from '../../../src/server/api/questions/answer-cache.ts';
import { termsOf } from '../../../src/server/api/questions/write-routes.ts';
import { ServiceLake } from '../../../src/server/service-lake.ts';
import type { Engine } from '../../../src/query/engine/engine.ts';
import { exampleLake } from '../../cli/example-lake.ts';
import { nsgflow } from '../../cli/nsgflow.ts';
import { askConsole, consoleOver, errorOf, signIn } from './console.ts';
import type { Browser, ConsoleAnswer, OpenConsole } from './console.ts';

const { lake } = exampleLake();
let console: OpenConsole;
let headers: Browser;

beforeAll(async () => {
  console = await consoleOver({ lake: new ServiceLake({ folder: lake, create: false }) });
  headers = await signIn(console);
});
afterAll(async () => await console?.close());

const post = (path: string, body: unknown, more: Record<string, string> = {}): Promise<ConsoleAnswer> =>
  askConsole(console, `/api/v1/${path}`, { method: 'POST', body, headers: { ...headers, ...more } });

interface Answer {
  readonly columns: { readonly name: string; readonly kind: string; readonly unit?: string }[];
  readonly data: unknown[][];
  readonly rows: number;
  readonly cached: boolean;
  readonly summary?: { flows: number };
  readonly range: { from?: number; to?: number };
  readonly scan: { filesRead: number };
}

async function answerTo(path: string, body: unknown): Promise<Answer> {
  const { status, json, text } = await post(path, body);
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return json as Answer;
}

const top = {
  ask: 'groups',
  axes: [{ by: ['src'], limit: 3 }],
  measures: [{ kind: 'sum', of: 'bytes' }, { kind: 'flows' }],
};

describe('ask', () => {
  test('answers by column what top prints by row', async () => {
    const answer = await answerTo('ask', { query: top });
    const { out } = await nsgflow([
      'top',
      '--by',
      'src',
      '--metric',
      'bytes,flows',
      '--limit',
      '3',
      '--lake',
      lake,
      '-o',
      'json',
    ]);
    const rows = JSON.parse(out) as Record<string, unknown>[];
    expect(answer.columns.map(({ name }) => name)).toEqual(['src_ip', 'bytes', 'flows']);
    for (const [at, { name }] of answer.columns.entries())
      expect(answer.data[at]).toEqual(rows.map((row) => row[name]));
    expect([answer.rows, answer.columns[1]]).toEqual([
      3,
      { name: 'bytes', kind: 'number', unit: 'bytes', label: 'bytes' },
    ]);
    expect(answer.summary!.flows).toBeGreaterThan(100);
  });

  test('the second look comes from memory, and another filter or range does not', async () => {
    const body = { query: { ask: 'count' }, filter: 'dst.port = 22', from: 0, to: '2030-01-01' };
    const [first, second] = [await answerTo('ask', body), await answerTo('ask', body)];
    expect([first.cached, second.cached, second.data]).toEqual([false, true, first.data]);
    expect(first.range).toEqual({ from: 0, to: Date.UTC(2030, 0, 1) });
    const other = await answerTo('ask', { ...body, filter: 'dst.port = 443' });
    expect([other.cached, other.data]).not.toEqual([true, first.data]);
    expect((await answerTo('ask', { ...body, to: 1 })).data[0]).toEqual([0]);
  });

  test('rows come as CSV, NDJSON and Parquet by Accept, as -o prints them', async () => {
    const body = { query: { ask: 'tuples', limit: 5 }, filter: 'access = deny' };
    const csv = await post('ask', body, { accept: 'text/csv' });
    const lines = csv.text.trimEnd().split('\n');
    expect([lines.length, csv.headers['content-type']]).toEqual([6, 'text/csv; charset=utf-8']);
    const ndjson = await post('ask', body, { accept: 'application/x-ndjson' });
    const rows = ndjson.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ access }) => access)).toEqual(['deny', 'deny', 'deny', 'deny', 'deny']);
    expect(Object.keys(rows[0]).join(',')).toBe(lines[0]);
    const { bytes } = await post('ask', { query: top }, { accept: 'application/vnd.apache.parquet' });
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  });

  test('errors name their field and place, and what to write instead', async () => {
    const ask = async (body: unknown): Promise<object> => errorOf(await post('ask', body));
    expect(await ask({ query: top, filter: 'access = deny and dst.prot = 22' })).toMatchObject({
      code: 'filter-syntax',
      message: 'unknown field "dst.prot"',
      field: '/filter',
      position: { offset: 18, length: 8 },
      fix: 'dst.port',
    });
    expect(await ask({ query: { ...top, axes: [{ by: ['src', 'dst.prot'], limit: 3 }] } })).toMatchObject({
      field: '/query/axes/0/by/1',
      message: expect.stringContaining('did you mean "dst.port"?'),
    });
    expect(await ask({ query: { ...top, measures: [] } })).toMatchObject({ field: '/query/measures' });
    expect(await ask({ query: { ...top, measures: [{ kind: 'sum', of: 'octets' }] } })).toMatchObject({
      field: '/query/measures/0/of',
    });
    expect(await ask({ query: { ask: 'everything' } })).toMatchObject({ code: 'usage' });
    expect(await ask({ query: { ...top, where: { kind: 'test' } } })).toMatchObject({ field: '/query/where' });
    expect(await ask({ query: top, from: 'noon-ish' })).toMatchObject({ field: '/from' });
    expect(await ask({ query: top, from: 2, to: 1 })).toMatchObject({ field: '/to' });
    expect(await ask({ query: { ...top, bucketMillis: 1000 }, from: 0, to: 1e13 })).toMatchObject({
      code: 'usage',
      field: '/query/bucketMillis',
    });
  });

  test('a signed-out browser gets nothing', async () => {
    expect((await askConsole(console, '/api/v1/ask', { method: 'POST', body: { query: top } })).status).toBe(401);
  });

  test('questions end when their connection closes: others get their turn', async () => {
    const { port } = new URL(console.origin);
    const endless = 'select sum(hash(a.range * b.range)) from range(10000000) a, range(10000000) b';
    const panels = [
      { id: 'first', query: { ask: 'count' } },
      ...Array.from({ length: limits.consoleQuestionsAtOnce }, (_, at) => ({
        id: String(at),
        sql: `${endless} -- ${at}`,
      })),
    ];
    const asked = request({
      port,
      path: '/api/v1/ask/batch',
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    asked.on('error', () => undefined);
    asked.end(JSON.stringify({ panels }));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    await once(response, 'data');
    asked.destroy();
    // All places were taken by questions that would run for days.
    expect(await answerTo('ask', { query: { ask: 'count' }, filter: 'dst.port = 53' })).toMatchObject({ rows: 1 });
  });
});

describe('a view', () => {
  test('has its panels in lines as they are ready, and one that fails does not hold up the others', async () => {
    const { text } = await post('ask/batch', {
      panels: [
        { id: 'top', query: top },
        { id: 'wrong', query: top, filter: 'dst.prot = 1' },
        { id: 'kql', kql: 'Tuples | count' },
        { id: 'no "kql"', kql: 'Tuples | counts' },
      ],
    });
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; answer?: Answer; error?: object });
    const byId = new Map(lines.map((line) => [line.id, line]));
    expect(byId.size).toBe(4);
    expect(byId.get('top')!.answer!.rows).toBe(3);
    expect(byId.get('wrong')!.error).toMatchObject({ code: 'filter-syntax', field: '/panels/1/filter' });
    expect(byId.get('kql')!.answer!.data[0][0]).toBeGreaterThan(100);
    expect(byId.get('no "kql"')!.error).toMatchObject({ code: 'kql-invalid', field: '/panels/3/kql' });
  });
});

describe('KQL and SQL', () => {
  test('answer the same question with the same number', async () => {
    const kql = await answerTo('kql', { text: "Tuples | where access == 'deny' | count" });
    const sql = await answerTo('sql', { text: "select count(*) as n from tuples where access = 'deny'" });
    const tree = await answerTo('ask', { query: { ask: 'count', observations: true }, filter: 'access = deny' });
    expect(tree.data[0][0]).toBeGreaterThan(10);
    expect([kql.data[0], sql.data[0]]).toEqual([tree.data[0], tree.data[0]]);
  });

  test('numbers beyond 2^53 keep all digits, as texts', async () => {
    expect((await answerTo('kql', { text: 'print n = 9007199254740993' })).data).toEqual([['9007199254740993']]);
    expect((await answerTo('sql', { text: 'select 9007199254740993 as n' })).data).toEqual([['9007199254740993']]);
  });

  test('errors have their place in the text', async () => {
    expect(errorOf(await post('kql', { text: 'Tuples | where acess == 1' }))).toMatchObject({
      field: '/text',
      position: { offset: 15, length: 5 },
      hint: 'Did you mean access?',
    });
    expect(errorOf(await post('sql', { text: "copy tuples to '/tmp/x'" }))).toMatchObject({
      code: 'sql-refused',
      field: '/text',
    });
    expect(errorOf(await post('sql', { text: "select * from read_text('/etc/passwd')" })).code).toMatch(/^sql-/);
  });
});

describe('the query bar', () => {
  test('filters come back in their one form, with the terms that and joins', async () => {
    const { json } = await post('filter', { text: 'access=deny && (port 22 or port 80)  and rule = "a and b"' });
    expect(json).toMatchObject({
      terms: [
        { from: 0, to: 11, text: 'access=deny' },
        { from: 15, to: 35, text: '(port 22 or port 80)' },
        { from: 41, to: 57, text: 'rule = "a and b"' },
      ],
    });
    expect((json as { canonical: string }).canonical).toMatch(/^access in "?deny"? and \(port in 22 or port in 80\)/);
    expect(termsOf(' a = 1 or b = 2 and c = 3 ')).toEqual([{ from: 1, to: 25, text: 'a = 1 or b = 2 and c = 3' }]);
    expect(termsOf('')).toEqual([]);
    expect(errorOf(await post('filter', { text: 'src in 10.0.0.0/' }))).toMatchObject({
      field: '/text',
      position: { offset: 7 },
    });
  });

  test('completion offers fields, operators and values; of the lake, for KQL and for SQL, too', async () => {
    const complete = async (
      language: string,
      text: string,
    ): Promise<{ from: number; items: { label: string; kind: string }[] }> =>
      (await post('complete', { language, text, offset: text.length })).json as never;
    expect(await complete('filter', 'dst.po')).toMatchObject({
      from: 0,
      items: expect.arrayContaining([expect.objectContaining({ label: 'dst.port', kind: 'field' })]),
    });
    expect((await complete('filter', 'access = ')).items.map(({ label }) => label)).toEqual(['allow', 'deny', 'null']);
    expect((await complete('kql', 'Tupl')).items.map(({ label }) => label)).toContain('Tuples');
    expect((await complete('sql', 'select src_i')).items).toEqual([{ label: 'src_ip', kind: 'column' }]);
  });

  test('fields and measures are those of the commands', async () => {
    const get = async (path: string): Promise<unknown> =>
      (await askConsole(console, `/api/v1/${path}`, { headers: { ...headers } })).json;
    expect(await get('fields')).toContainEqual(
      expect.objectContaining({ name: 'access', values: ['allow', 'deny'], groupable: true }),
    );
    expect(await get('measures')).toContainEqual({
      text: 'p95:bytes',
      column: 'p95_bytes',
      measure: { kind: 'percentile', of: 'bytes', permille: 950 },
    });
    expect(await get('lake')).toMatchObject({
      tuples: { rows: expect.any(Number), files: expect.any(Number) },
      first: expect.stringMatching(/Z$/),
      last: expect.stringMatching(/Z$/),
    });
  });
});

test('the memory of answers is bounded, and the answers that were not asked for the longest go first', () => {
  const cache = new AnswerCache(800);
  const engine = {} as Engine;
  for (let at = 0; at < 10; at++) {
    cache.keep(engine, at, 'x'.repeat(40));
    cache.find(engine, 0);
  }
  const kept = Array.from({ length: 10 }, (_, at) => at).filter((at) => cache.find(engine, at) !== undefined);
  expect([kept[0], kept.at(-1), kept.length < 10]).toEqual([0, 9, true]);
  cache.keep(engine, 'large', 'x'.repeat(100));
  expect(cache.find(engine, 'large')).toBeUndefined();
  expect(cache.find({} as Engine, 9)).toBeUndefined();
});
