/**
 * A small HTTP front over chDB, as far as `@clickhouse/client` needs one: `POST /?param_NAME=VALUE&SETTING=VALUE` with the SQL as body. Tests only.
 * Prints its port. Runs in a process of its own, in the folder below which lakes may be read.
 */
import { createServer } from 'node:http';
import { queryBind } from 'chdb';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { searchParams } = new URL(request.url, 'http://front');
    let sql = Buffer.concat(chunks).toString('utf8') || (searchParams.get('query') ?? '');
    const values = {};
    const settings = [];
    for (const [name, value] of searchParams)
      if (name.startsWith('param_')) values[name.slice(6)] = unescaped(value);
      else if (/^(prefer_|join_|session_timezone|output_format_|allow_|delta_lake_|optimize_|enable_)/.test(name))
        settings.push(`${name} = '${value.replaceAll("'", "\\'")}'`);
    const format = /\s+FORMAT\s+(\w+)\s*$/.exec(sql);
    if (format !== null) sql = sql.slice(0, format.index);
    if (settings.length > 0) sql += ` SETTINGS ${settings.join(', ')}`;
    try {
      const answer = queryBind(sql, values, format?.[1] ?? 'TabSeparated');
      response.writeHead(200, { 'x-clickhouse-format': format?.[1] ?? 'TabSeparated' });
      response.end(answer);
    } catch (error) {
      response.writeHead(500);
      response.end(String(error instanceof Error ? error.message : error));
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

/** What a server reads from the value of a parameter, which has tabs, line ends, quotes and backslashes escaped. */
function unescaped(value) {
  const meant = { t: '\t', n: '\n', r: '\r', 0: '\0' };
  return value.replaceAll(/\\([\s\S])/g, (_, letter) => meant[letter] ?? letter);
}
