/** The Log Analytics query API: Azure's own client over HTTPS, and what a client would not send. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LakeLogs } from '../../src/server/logs/lake-logs.ts';
import { ServiceLake } from '../../src/server/service-lake.ts';
import { exampleLake } from '../cli/example-lake.ts';
import { ask, serveParts, tenantId } from './serving.ts';
import type { Answer, Serving } from './serving.ts';

const { lake } = exampleLake();
const now = Date.UTC(2026, 10, 20, 12);
const customerId = '0a1b2c3d-1111-2222-3333-444455556666';
const workspace = {
  id: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop/providers/Microsoft.OperationalInsights/workspaces/flows',
  name: 'flows',
  customerId,
  location: 'westeurope',
};
const other = 'ffffffff-1111-2222-3333-444455556666';

const logsLake = new ServiceLake({ folder: lake, create: false });
let server: Serving;
let client: LogsQueryClient;

beforeAll(async () => {
  server = await serveParts({ logs: { engine: new LakeLogs(logsLake, () => now), workspaces: [workspace] } });
  client = clientOf(server);
});
afterAll(async () => {
  await server?.close();
  await logsLake.close();
});

function clientOf({ origin, ca }: Serving, token = 'any'): LogsQueryClient {
  const credential = { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const options = { endpoint: origin, audience: origin, tlsOptions: { ca }, retryOptions: { maxRetries: 0 } };
  return new LogsQueryClient(credential, options);
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(server, path, { method: 'POST', body: text, headers: { authorization: 'Bearer any', ...headers } });
}

const query = (text: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  post(`/v1/workspaces/${customerId}/query`, { query: text, ...more }, headers);

describe('with @azure/monitor-query', () => {
  const hour = { duration: 'PT1H' };

  test('a value of each type comes as the client has it', async () => {
    const text =
      `print b = true, i = int(7), l = 9007199254740993, r = 2.5, n = real(nan), s = "it's", t = datetime(2024-02-29T01:02:03.5Z),
      d = 1.02:03:04, g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), y = dynamic({"a":[1,"x"]}), e = dynamic(null)`.replace(
        '1.02:03:04',
        'time(1.02:03:04)',
      );
    const answer = await client.queryWorkspace(customerId, text, hour);
    if (answer.status !== LogsQueryResultStatus.Success) throw new Error(answer.status);
    const [{ name, columnDescriptors, rows }] = answer.tables as [(typeof answer.tables)[number]];
    expect(name).toBe('PrimaryResult');
    expect(columnDescriptors.map((column) => column.type)).toEqual(
      'bool int long real real string datetime timespan guid dynamic dynamic'.split(' '),
    );
    expect(rows[0]).toEqual([
      true,
      7,
      // The client's numbers are doubles; the body has all digits.
      9007199254740992,
      2.5,
      'NaN',
      "it's",
      new Date('2024-02-29T01:02:03.500Z'),
      '1.02:03:04',
      '74be27de-1e4e-49d9-b579-fe0b331d3642',
      { a: [1, 'x'] },
      null,
    ]);
    expect((await query(text)).text).toContain(',9007199254740993,');
  });

  test('tables of Traffic Analytics are asked, and the time span selects their rows', async () => {
    const text = 'NTANetAnalytics | summarize rows = count(), since = min(TimeGenerated)';
    const count = async (span: object): Promise<unknown> => {
      const answer = await client.queryWorkspace(customerId, text, span as { duration: string });
      return answer.status === LogsQueryResultStatus.Success ? answer.tables[0]?.rows[0]?.[0] : answer.status;
    };
    const all = await count({ startTime: new Date('2000-01-01'), endTime: new Date('2100-01-01') });
    expect(all).toBeGreaterThan(0);
    expect(await count({ startTime: new Date('2000-01-01'), endTime: new Date('2000-01-02') })).toBe(0);
  });

  test('statistics come where they are asked for', async () => {
    const options = { includeQueryStatistics: true, includeVisualization: true };
    const answer = await client.queryWorkspace(customerId, 'range n from 1 to 3 step 1', hour, options);
    if (answer.status !== LogsQueryResultStatus.Success) throw new Error(answer.status);
    expect(answer.statistics).toMatchObject({ query: { datasetStatistics: [{ tableRowCount: 3 }] } });
    expect(answer.visualization).toBeDefined();
    const plain = await client.queryWorkspace(customerId, 'print 1', hour);
    expect(plain.status === LogsQueryResultStatus.Success && plain.statistics).toBeUndefined();
  });

  test('an error of the query says where it is', async () => {
    await expect(client.queryWorkspace(customerId, 'print a = 1\n| where b == 1', hour)).rejects.toMatchObject({
      statusCode: 400,
      code: 'BadArgumentError',
      message: 'The request had some invalid properties',
    });
    const { error } = JSON.parse((await query('print a = 1\n| where b == 1')).text);
    expect(error.innererror.innererror).toMatchObject({ line: 2, pos: 8, token: 'b' });
    expect(error.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ['completely invalid syntax', 'SyntaxError', { code: 'SYN0002', line: 1, pos: 11, token: 'invalid' }],
    ['Tuples | where', 'SyntaxError', { line: 1, pos: 14, token: '<EOF>' }],
    ['Tuples\n| where (access == "deny"', 'SyntaxError', { line: 2 }],
    // What follows from a text that is no query is not the error.
    ['Nowhere | wher b', 'SyntaxError', { pos: 10, token: 'wher' }],
    ['Tuples | where access == "deny', 'SyntaxError', { line: 1 }],
    ['.show tables', 'SyntaxError', { line: 1, pos: 0 }],
    ['Tuples | where {Here}', 'SyntaxError', { pos: 15 }],
    [
      'Nowhere | take 1',
      'SemanticError',
      { code: 'SEM0100', message: expect.stringContaining("table or column expression named 'Nowhere'") },
    ],
    [
      'Tuples | project b',
      'SemanticError',
      { code: 'SEM0100', message: expect.stringContaining("column or scalar expression named 'b'"), pos: 17 },
    ],
    ['print f(1)', 'SemanticError', { code: 'SEM0260', token: 'f' }],
    ['Tuples | where src_port', 'SemanticError', { code: 'kql-invalid', pos: 15 }],
    ['print strlen("a", "b")', 'SemanticError', { line: 1 }],
    ['Tuples | evaluate autocluster()', 'SemanticError', { code: 'kql-unsupported', pos: 18 }],
  ])('%s is a %s', async (text, code, innermost) => {
    const { status, text: body } = await query(text);
    const { error } = JSON.parse(body);
    expect([status, error.code, error.innererror.code]).toEqual([400, 'BadArgumentError', code]);
    expect(error.innererror.innererror).toMatchObject(innermost);
  });

  test('what render says comes where it is asked for', async () => {
    const text =
      'range x from 1 to 3 step 1 | extend y = x | render columnchart with (title="Two words", xcolumn=x, ycolumns=x, y, ymin=0)';
    const answer = await client.queryWorkspace(customerId, text, hour, { includeVisualization: true });
    expect(answer.status === LogsQueryResultStatus.Success && answer.visualization).toEqual({
      visualization: 'columnchart',
      title: 'Two words',
      accumulate: false,
      isQuerySorted: false,
      kind: null,
      legend: null,
      series: null,
      yMin: '0',
      yMax: 'NaN',
      xAxis: null,
      xColumn: 'x',
      xTitle: null,
      yAxis: null,
      yColumns: ['x', 'y'],
      ySplit: null,
      yTitle: null,
      anomalyColumns: null,
    });
    const plain = JSON.parse((await query('print 1', {}, { prefer: 'include-render=true' })).text);
    expect(plain.render).toMatchObject({ visualization: null, title: null });
  });

  test('a batch answers each query apart, in any workspace', async () => {
    const timespan = hour;
    const answers = await client.queryBatch([
      { workspaceId: customerId, query: 'print n = 1', timespan },
      { workspaceId: customerId, query: 'print | | |', timespan },
      { workspaceId: other, query: 'print n = 2', timespan },
      { workspaceId: customerId, query: 'print n = 3', timespan, includeQueryStatistics: true },
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['Success', 'Failure', 'Failure', 'Success']);
    expect([...answers]).toMatchObject([
      { tables: [{ rows: [[1]] }] },
      { code: 'BadArgumentError' },
      { code: 'WorkspaceNotFoundError' },
      { tables: [{ rows: [[3]] }], statistics: { query: { datasetStatistics: [{ tableRowCount: 1 }] } } },
    ]);
  });

  test('a query ends at its time limit, and the next one is answered', async () => {
    const million = (name: string): string => `(range ${name} from 1 to 1000000 step 1 | extend one = 1)`;
    const endless = `${million('x')} | join kind=inner ${million('y')} on one | summarize sum(x * y % 7)`;
    await expect(
      client.queryWorkspace(customerId, endless, hour, { serverTimeoutInSeconds: 0.01 }),
    ).rejects.toMatchObject({ statusCode: 504, code: 'GatewayTimeout' });
    expect((await query('print 1')).status).toBe(200);
  });

  test('a workspace is asked by its resource id, too', async () => {
    const answer = await client.queryResource(workspace.id, 'print n = 5', hour);
    expect(answer.status === LogsQueryResultStatus.Success && answer.tables[0]?.rows).toEqual([[5]]);
  });
});

/** Requests of clients that cannot be installed here, as their sources make them. */
describe('as other clients ask', () => {
  const body = (answer: Answer): { tables: { columns: { name: string; type: string }[]; rows: unknown[][] }[] } => {
    expect(answer.status, answer.text).toBe(200);
    return JSON.parse(answer.text);
  };

  test('az monitor log-analytics query: with a time span and further workspaces', async () => {
    const { tables } = body(
      await post(
        `/v1/workspaces/${customerId}/query`,
        { query: 'Tuples | summarize n = count()', timespan: '2026-11-20/P1D', workspaces: [customerId, workspace.id] },
        { accept: 'application/json', 'content-type': 'application/json', 'accept-encoding': 'gzip, deflate' },
      ),
    );
    // az makes an object of each row, of the columns' names.
    expect(tables[0]?.columns).toEqual([{ name: 'n', type: 'long' }]);
    expect(tables[0]?.rows[0]?.[0]).toBeGreaterThan(0);
  });

  test("Grafana's data source: its health check, a panel with the dashboard's time, and the editor", async () => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'Grafana/11.0.0' };
    body(await post(`/v1/workspaces/${customerId}/query`, { query: 'AzureActivity | limit 1' }, headers));
    const [from, to] = ['2026-11-20T09:00:00Z', '2026-11-20T12:00:00Z'];
    const time = `TimeGenerated >= datetime('${from}') and TimeGenerated <= datetime('${to}')`;
    const panel = {
      query: `NTANetAnalytics | where ${time} | summarize flows = count() by bin(TimeGenerated, 60000ms), AclRule | order by TimeGenerated asc`,
      query_datetimescope_column: 'TimeGenerated',
      query_datetimescope_from: from,
      query_datetimescope_to: to,
      timespan: `${from}/${to}`,
      workspaces: [workspace.id, workspace.id],
    };
    const { tables } = body(await post(`/v1${workspace.id}/query`, panel, headers));
    expect(tables[0]?.columns.map(({ type }) => type)).toEqual(['datetime', 'string', 'long']);
    // Go reads times by RFC 3339.
    for (const [start] of tables[0]?.rows ?? []) expect(start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(tables[0]?.rows.length).toBeGreaterThan(0);
    const editor = await ask(server, `/v1${workspace.id}/metadata`, { headers: { authorization: 'Bearer any' } });
    expect(JSON.parse(editor.text).tables.length).toBeGreaterThan(5);
  });
});

test('the program of the docs page prints flow types with bytes', async () => {
  const page = readFileSync(new URL('../../docs/tasks/azure-monitor-tools.md', import.meta.url), 'utf8');
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: {
      ...process.env,
      NSGFLOW_ENDPOINT: server.origin,
      NSGFLOW_TOKEN: 'any',
      WORKSPACE_ID: customerId,
      NODE_EXTRA_CA_CERTS: join(server.folder, 'tls', 'ca.pem'),
    },
  });
  expect(stdout).toMatch(/^(?:[A-Za-z0-9]+ \d+\n){1,3}$/);
});

test('a query is asked with GET, and a table that there is not is named', async () => {
  const authorization = 'Bearer any';
  const path = (text: string): string => `/v1/workspaces/${customerId}/query?query=${encodeURIComponent(text)}`;
  const got = await ask(server, `${path('print n = 1')}&timespan=PT1H`, { headers: { authorization } });
  expect(JSON.parse(got.text)).toEqual({
    tables: [{ name: 'PrimaryResult', columns: [{ name: 'n', type: 'long' }], rows: [[1]] }],
  });
  const missing = await ask(server, path('SigninLogs | take 1'), { headers: { authorization } });
  expect(missing.status).toBe(400);
  expect(missing.text).toContain('SigninLogs');
});

test('metadata tells the tables with their columns, and the workspace', async () => {
  const { status, text } = await post(`/v1/workspaces/${customerId}/metadata`, {});
  expect(status).toBe(200);
  const { tables, workspaces } = JSON.parse(text);
  expect(workspaces).toMatchObject([{ id: customerId, resourceId: workspace.id, name: 'flows', region: 'westeurope' }]);
  const named = tables.find(({ name }: { name: string }) => name === 'NTANetAnalytics');
  expect(named.timespanColumn).toBe('TimeGenerated');
  expect(named.columns).toContainEqual({ name: 'TimeGenerated', type: 'datetime' });
  expect(tables.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(['Tuples', 'Conversations']));
});

test('without a workspace any GUID is one, and with one only its own ids', async () => {
  expect((await post(`/v1/workspaces/${other}/query`, { query: 'print 1' })).status).toBe(404);
  const empty = await serveParts({ logs: { engine: new LakeLogs(logsLake, () => now) } });
  try {
    const headers = { authorization: 'Bearer any' };
    const status = async (id: string): Promise<number> =>
      (await ask(empty, `/v1/workspaces/${id}/query?query=print%201`, { headers })).status;
    expect(await status(other)).toBe(200);
    expect(await status('flows')).toBe(404);
  } finally {
    await empty.close();
  }
});

test('tokens are checked as for Azure Resource Manager', async () => {
  const path = `/v1/workspaces/${customerId}/query?query=print%201`;
  const without = await ask(server, path);
  expect(without.status).toBe(401);
  expect(JSON.parse(without.text).error.code).toBe('AuthenticationFailed');
  expect(without.headers['www-authenticate']).toContain('Bearer');
  const strict = await serveParts({
    secret: 'a secret of some length',
    logs: { engine: new LakeLogs(logsLake, () => now) },
  });
  try {
    const tokenFor = async (scope: string): Promise<string> => {
      const body = `grant_type=client_credentials&client_id=x&client_secret=a+secret+of+some+length&scope=${encodeURIComponent(scope)}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const given = await ask(strict, `/adfs/oauth2/token`, { method: 'POST', body, headers });
      const [, token = ''] = /"access_token":"([^"]+)"/.exec(given.text) ?? [given.text];
      return token;
    };
    const status = async (token: string): Promise<number> =>
      (await ask(strict, path, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status('any')).toBe(401);
    expect(await status(await tokenFor('https://api.loganalytics.io/.default'))).toBe(200);
    expect(await status(await tokenFor(`${strict.origin}/.default`))).toBe(200);
    expect(await status(await tokenFor('https://storage.azure.com/.default'))).toBe(401);
  } finally {
    await strict.close();
  }
  expect(tenantId).toBeDefined();
});

test.each([
  ['no body', '', 400],
  ['no JSON', '{"query"', 400],
  ['a list', '[]', 400],
  ['no query', '{}', 400],
  ['an empty query', '{"query":"  "}', 400],
  ['a query that is a number', '{"query":5}', 400],
  ['a time span that is none', '{"query":"print 1","timespan":"yesterday"}', 400],
  ['a time span that is a list', '{"query":"print 1","timespan":[]}', 400],
  ['a further workspace that there is not', `{"query":"print 1","workspaces":["${other}"]}`, 404],
  ['a query of comments', '{"query":"// nothing"}', 400],
  ['a command', '{"query":".show tables"}', 400],
])('%s is refused with a code', async (_, body, status) => {
  const answer = await post(`/v1/workspaces/${customerId}/query`, body);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text).error.code).toBe(answer.headers['x-ms-error-code']);
  expect(answer.text).not.toMatch(/\bat .*\.ts:|node_modules/);
});

test.each([
  ['/v1/workspaces', 404],
  [`/v1/workspaces/${customerId}`, 404],
  [`/v1/workspaces/${customerId}/savedSearches`, 404],
  ['/v1/workspaces/%zz/query', 400],
  ['/v1/subscriptions/x/resourceGroups/y/query', 404],
])('the path %s is refused', async (path, status) => {
  const answer = await post(path, { query: 'print 1' });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text).error.message).not.toBe('');
});

test.each([
  ['no list', { queries: [] }, 400],
  ['too many', { requests: Array.from({ length: 101 }, () => ({})) }, 400],
])('a batch with %s is refused', async (_, body, status) => {
  expect((await post('/v1/$batch', body)).status).toBe(status);
});

test('parts of a batch that are none fail apart', async () => {
  const requests = [
    1,
    null,
    {},
    { id: 'a', workspace: customerId, path: '/fakePath' },
    { id: 7, workspace: customerId },
  ];
  const { status, text } = await post('/v1/$batch', { requests });
  expect(status).toBe(200);
  const { responses } = JSON.parse(text);
  expect(responses.map((one: { id: string; status: number }) => [one.id, one.status])).toEqual([
    ['0', 400],
    ['1', 400],
    ['2', 400],
    ['a', 404],
    ['7', 400],
  ]);
});

test('no request was a fault of the service', () => {
  expect(server.faults).toEqual([]);
});
