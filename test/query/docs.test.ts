import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { flowColumns } from '../../src/lake/flows/schema.ts';
import { lakeColumns } from '../../src/lake/tuples/schema.ts';
import { fields } from '../../src/query/filter/fields.ts';

/** Tables in the pages that the code writes. With `-u`, the page is written anew. */

const page = (name: string): string => fileURLToPath(new URL(`../../docs/reference/${name}`, import.meta.url));

async function expectTable(name: string, what: string, table: readonly string[]): Promise<void> {
  const text = readFileSync(page(name), 'utf8');
  const from = text.indexOf('-->\n', text.indexOf(`<!-- ${what}:`)) + '-->\n'.length;
  const to = text.indexOf(`<!-- end of ${what} -->`);
  expect(from).toBeLessThan(to);
  await expect(`${text.slice(0, from)}${table.join('\n')}\n${text.slice(to)}`).toMatchFileSnapshot(page(name));
}

const kinds = {
  time: 'time',
  address: 'address',
  port: 'port',
  protocol: 'protocol: tcp, udp, or a number',
  mac: 'MAC',
  rule: 'text',
  text: 'text',
  counter: 'number',
};

describe('tables in the documents are those of the code', () => {
  test('fields in docs/reference/filter.md', async () => {
    const shown = fields.map(({ name, names, kind, values, groupable }) => {
      const aliases = names.filter((alias) => alias !== name && !alias.includes('_')).map((alias) => `\`${alias}\``);
      const type = kind === 'name' ? (values ?? []).map((value) => `\`${value}\``).join(', ') : kinds[kind];
      return `| \`${name}\`${aliases.length === 0 ? '' : `, ${aliases.join(', ')}`} | ${type} | ${groupable ? 'yes' : ''} |`;
    });
    await expectTable('filter.md', 'fields', ['| field | values | `--by` |', '|---|---|---|', ...shown]);
  });

  test('columns in docs/reference/lake.md', async () => {
    const shown = lakeColumns.map(
      ({ name, delta, meaning, place }) =>
        `| \`${name}\` | ${delta} | ${meaning}${place === 'partition' ? ' In the folder’s name, not in the file.' : ''} |`,
    );
    await expectTable('lake.md', 'columns', ['| column | type | meaning |', '|---|---|---|', ...shown]);
  });

  test('columns of flows in docs/reference/lake.md', async () => {
    const shown = flowColumns.map(({ name, type, of, meaning }) => {
      const shownType = type === 'reports' ? 'list of structures' : type;
      return `| \`${name}\` | ${shownType} | ${of} | ${meaning} |`;
    });
    await expectTable('lake.md', 'flows columns', ['| column | type | of | meaning |', '|---|---|---|---|', ...shown]);
  });
});
