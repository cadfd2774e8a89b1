import { describe, expect, test } from 'vitest';
import { lakeColumns } from '../../../src/lake/tuples/schema.ts';
import { deltaSchemaString, flowsColumns } from '../../../src/lake/tuples/stored-columns.ts';

describe('the table of columns', () => {
  test('has the view tuples in the documented order', () => {
    expect(flowsColumns.map((column) => column.name).join(', ')).toBe(
      'time, src_ip, src_port, dst_ip, dst_port, protocol, direction, access, state, rule, nsg, mac, encryption, ' +
        'packets_forward, bytes_forward, packets_reverse, bytes_reverse',
    );
  });

  test('says of each column that came later since which version, so that files without it are known', () => {
    const first = lakeColumns.filter(({ since }) => since === undefined).map(({ name }) => name);
    expect(first.join(' ')).toBe(
      'time src_ip src_port dst_ip dst_port protocol direction access state rule nsg mac encryption packets_forward ' +
        'bytes_forward packets_reverse bytes_reverse src_ipv6_high src_ipv6_low dst_ipv6_high dst_ipv6_low format ' +
        'resource_id target_id acl_id record_time blob record_offset tuple_index date',
    );
    expect(lakeColumns.every(({ since = 3 }) => since > 2)).toBe(true);
  });

  test('names each column and each filter field once', () => {
    const names = lakeColumns.map((column) => column.name);
    expect(new Set(names).size).toBe(names.length);
    const fields = lakeColumns.flatMap((column) => column.fields);
    expect(new Set(fields).size).toBe(fields.length);
  });

  test('uses types that every Delta reader knows, and says what each column means', () => {
    for (const column of lakeColumns) {
      expect(['timestamp', 'date', 'string', 'integer', 'long']).toContain(column.delta);
      expect(column.meaning, column.name).toMatch(/\.$/);
    }
  });

  test('gives a filter kind to each field, and values to each name', () => {
    for (const column of lakeColumns) {
      expect(column.filter !== undefined, column.name).toBe(column.fields.length > 0);
      expect(column.values !== undefined, column.name).toBe(column.filter === 'name');
    }
  });

  test('becomes the schema of the Delta table', () => {
    const schema = JSON.parse(deltaSchemaString()) as { type: string; fields: Record<string, unknown>[] };
    expect(schema.type).toBe('struct');
    expect(schema.fields[0]).toEqual({
      name: 'time',
      type: 'timestamp',
      nullable: true,
      metadata: { comment: 'The time of the tuple, UTC: when it happened.' },
    });
    expect(schema.fields.map((field) => field['name'])).toEqual(lakeColumns.map((column) => column.name));
  });
});
