/**
 * A small HTTP front over chDB, as far as `@clickhouse/client` needs one: `POST /?param_NAME=VALUE&SETTING=VALUE` with the SQL as body, or with the SQL
 * and the parameters as parts of a form. All requests are one session. Tests only. Prints its port. Runs in a process of its own, in the folder below
 * which lakes may be read.
 */
import { createServer } from 'node:http';
import { Session } from 'chdb';

const session = new Session();
const isSetting =
  /^(prefer_|join_|session_timezone|output_format_|allow_|delta_lake_|optimize_|enable_|query_plan_|use_hive|max_)/;

/** @returns {Promise<{ sql: string, parameters: URLSearchParams }>} */
async function read(request) {
  const { searchParams: parameters } = new URL(request.url, 'http://front');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!request.headers['content-type']?.startsWith('multipart/'))
    return { sql: body.toString('utf8') || (parameters.get('query') ?? ''), parameters };
  const form = await new Response(body, { headers: { 'content-type': request.headers['content-type'] } }).formData();
  for (const [name, value] of form) {
    if (value.length > 131_072) throw new Error(`the parameter ${name} is longer than servers take`);
    if (name !== 'query') parameters.set(name, value);
  }
  const sql = form.get('query');
  return { sql: typeof sql === 'string' ? sql : '', parameters };
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

async function answer(request, response) {
  try {
    const { sql: text, parameters } = await read(request);
    const values = {};
    const settings = [];
    for (const [name, value] of parameters)
      if (name.startsWith('param_')) values[name.slice(6)] = unescaped(value);
      else if (isSetting.test(name)) settings.push(`${name} = '${value.replaceAll("'", "\\'")}'`);
    const format = /\s+FORMAT\s+(\w+)\s*$/.exec(text);
    let sql = format === null ? text : text.slice(0, format.index);
    if (settings.length > 0 && /^\s*(SELECT|WITH|CREATE)/i.test(sql)) sql += ` SETTINGS ${settings.join(', ')}`;
    const rows = session.queryBind(sql, values, format?.[1] ?? 'TabSeparated');
    response.writeHead(200, { 'x-clickhouse-format': format?.[1] ?? 'TabSeparated' });
    response.end(rows);
  } catch (error) {
    // What the failed query wrote before its error stands before the answer of the next one.
    session.query('SELECT 1', 'Null');
    response.writeHead(500);
    response.end(String(error instanceof Error ? error.message : error));
  }
}

/** What a server reads from the value of a parameter, which has tabs, line ends, quotes and backslashes escaped. */
function unescaped(value) {
  const meant = { t: '\t', n: '\n', r: '\r', 0: '\0' };
  return value.replaceAll(/\\([\s\S])/g, (_, letter) => meant[letter] ?? letter);
}
