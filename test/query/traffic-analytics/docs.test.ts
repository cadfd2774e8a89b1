import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { trafficAnalyticsSettings } from '../../../src/query/traffic-analytics/settings.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';

const page = fileURLToPath(new URL('../../../docs/reference/traffic-analytics.md', import.meta.url));

/** With `-u`, the page is written anew. */
test('docs/reference/traffic-analytics.md has all settings, tables and columns', async () => {
  const settings = Object.entries(trafficAnalyticsSettings).flatMap(([name, { values, effect, source }]) => [
    `| \`${name}\` | ${values.map((value) => `\`${value}\``).join(', ')} | ${effect} ${source} |`,
  ]);
  const columns = trafficAnalyticsTables().flatMap(({ name, about, declared }) => [
    '',
    `### ${name}`,
    '',
    `${about}.`,
    '',
    '| column | type | meaning |',
    '|---|---|---|',
    // A bar would begin a cell.
    ...declared.map((one) => `| \`${one.name}\` | ${one.type} | ${one.about.replaceAll('|', String.raw`\|`)} |`),
  ]);
  const parts = {
    settings: ['', '| setting | values, the default first | effect |', '|---|---|---|', ...settings, ''],
    columns: [...columns, ''],
  };
  let text = readFileSync(page, 'utf8');
  for (const [what, lines] of Object.entries(parts)) {
    const from = text.indexOf('-->\n', text.indexOf(`<!-- ${what}:`)) + '-->\n'.length;
    const to = text.indexOf(`<!-- end of ${what} -->`);
    expect(from).toBeLessThanOrEqual(to);
    text = `${text.slice(0, from)}${lines.join('\n')}\n${text.slice(to)}`;
  }
  await expect(text).toMatchFileSnapshot(page);
});
