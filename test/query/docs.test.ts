import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addressAttributes } from '../../src/enrich/attribute.ts';
import { flowColumns } from '../../src/lake/flows/schema.ts';
import { lakeColumns } from '../../src/lake/tuples/schema.ts';
import type { Field } from '../../src/query/filter/fields.ts';
import { fields, findField } from '../../src/query/filter/fields.ts';
import { findNameColumn } from '../../src/query/names/columns.ts';

/** Whether names of addresses say a field's values: they have a table of their own. */
function isName({ columns }: Field): boolean {
  return columns.some((column) => findNameColumn(column) !== undefined);
}

/** Tables in the pages that the code writes. With `-u`, the page is written anew. */

const page = (name: string): string => fileURLToPath(new URL(`../../docs/reference/${name}`, import.meta.url));

/** Compares all tables of a page at once: with `-u`, the page is written once. */
async function expectTables(name: string, tables: Readonly<Record<string, readonly string[]>>): Promise<void> {
  let text = readFileSync(page(name), 'utf8');
  for (const [what, table] of Object.entries(tables)) {
    const from = text.indexOf('-->\n', text.indexOf(`<!-- ${what}:`)) + '-->\n'.length;
    const to = text.indexOf(`<!-- end of ${what} -->`);
    expect(from).toBeLessThan(to);
    text = `${text.slice(0, from)}${table.join('\n')}\n${text.slice(to)}`;
  }
  await expect(text).toMatchFileSnapshot(page(name));
}

const kinds = {
  time: 'time',
  address: 'address',
  port: 'port',
  protocol: 'protocol: tcp, udp, or a number',
  mac: 'MAC',
  rule: 'text',
  text: 'text',
  list: 'list of texts',
  counter: 'number',
};

describe('tables in the documents are those of the code', () => {
  test('fields in docs/reference/filter.md', async () => {
    const shown = fields
      .filter((field) => !isName(field))
      .map(({ name, names, kind, values, groupable }) => {
        const aliases = names.filter((alias) => alias !== name && !alias.includes('_')).map((alias) => `\`${alias}\``);
        const type = kind === 'name' ? (values ?? []).map((value) => `\`${value}\``).join(', ') : kinds[kind];
        return `| \`${name}\`${aliases.length === 0 ? '' : `, ${aliases.join(', ')}`} | ${type} | ${groupable ? 'yes' : ''} |`;
      });
    await expectTables('filter.md', { fields: ['| field | values | `--by` |', '|---|---|---|', ...shown] });
  });

  test('what names say of addresses in docs/reference/names.md', async () => {
    const shown = addressAttributes.map(({ name, meaning, values }) => {
      const both = findField(name)?.join === 'either' ? `, \`${name}\`` : '';
      const column = `\`src_${name}\`, \`dst_${name}\``;
      const list = values === undefined ? '' : ` Values: ${values.map((value) => `\`${value}\``).join(', ')}.`;
      return `| \`src.${name}\`, \`dst.${name}\`${both} | ${column} | ${meaning}${list} |`;
    });
    await expectTables('names.md', {
      names: ['| fields | columns | meaning |', '|---|---|---|', ...shown],
    });
  });

  test('columns of both tables in docs/reference/lake.md', async () => {
    const columns = lakeColumns.map(
      ({ name, delta, meaning, place }) =>
        `| \`${name}\` | ${delta} | ${meaning}${place === 'partition' ? ' In the folder’s name, not in the file.' : ''} |`,
    );
    const columnsOfFlows = flowColumns.map(({ name, type, of, meaning }) => {
      const shownType = type === 'reports' ? 'list of structures' : type;
      return `| \`${name}\` | ${shownType} | ${of} | ${meaning} |`;
    });
    await expectTables('lake.md', {
      columns: ['| column | type | meaning |', '|---|---|---|', ...columns],
      'flows columns': ['| column | type | of | meaning |', '|---|---|---|---|', ...columnsOfFlows],
    });
  });
});
