import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseBlobPath } from '../../src/flowlog/blob-path.ts';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import { decodePlain, plainOf } from './plain.ts';

const corpus = process.env['NSGFLOW_CORPUS'];
const folder = corpus === undefined ? undefined : join(corpus, 'flowlogs');

/** Records, tuples and formats of each file, as its PROVENANCE.md says. Test fixtures of a forwarder hold each event twice. */
const expected: Record<string, [records: number, tuples: number, format: string]> = {
  'elastic-nsg-test-nsg.log': [1, 1, 'nsg2'],
  'elastic-nsg-testdata.log': [2, 11, 'nsg2'],
  'elastic-vnet-testdata.log': [1, 19, 'vnet'],
  'fortinet-docs-v2.json': [1, 4, 'nsg2'],
  'msdocs-seed-v1-malformed.json': [5, 21, 'nsg1'],
  'msdocs-seed-v2.json': [2, 11, 'nsg2'],
  'nsg-v2-erjosito-sample.json': [22, 173, 'nsg2'],
  'nsg-v2-real-single-line-470k.json': [15, 8203, 'nsg2'],
  'sekoia-nsg-test_begin.json': [2, 2, 'nsg2'],
  'sekoia-nsg-test_end.json': [2, 2, 'nsg2'],
  'sekoia-vnet-test_1.json': [2, 2, 'vnet'],
  'sekoia-vnet-test_3.json': [2, 2, 'vnet'],
  'sekoia-vnet-test_5.json': [2, 2, 'vnet'],
  'sumologic-flattened-vnet-event.json': [1, 1, 'vnet'],
  'vnet-v4-sumologic-nic.json': [4, 61, 'vnet'],
  'vnet-v4-sumologic-subnet.json': [4, 68, 'vnet'],
};

/** Files that JSON.parse can read, whole or line by line. */
const wellFormed = Object.keys(expected).filter((file) => !/^(msdocs|sekoia|sumologic-flat)/.test(file));

describe.skipIf(folder === undefined || !existsSync(folder))('the corpus of flow logs (set NSGFLOW_CORPUS)', () => {
  test.each(Object.entries(expected))('%s gives all its tuples and no rejection', (file, [records, tuples, format]) => {
    const log = decodeFlowLog(readFileSync(join(folder ?? '', file)));
    expect(log.rejections).toEqual([]);
    expect(log.records.length).toBe(records);
    expect(log.tuples.count).toBe(tuples);
    expect(new Set(log.records.map((record) => record.format))).toEqual(new Set([format]));
    for (const group of log.groups) {
      expect(group.mac).toMatch(/^[0-9A-F]{12}$/);
      expect(group.rule).not.toBe('');
    }
    for (const record of log.records) expect(record.timeMillis > 0 || !record.time.includes('T')).toBe(true);
  });

  test.each(wellFormed)('%s gives what its plain twin gives', (file) => {
    const bytes = readFileSync(join(folder ?? '', file));
    expect(plainOf(decodeFlowLog(bytes))).toEqual(decodePlain(bytes.toString()));
  });

  test('what is no flow log is rejected', () => {
    const log = decodeFlowLog(readFileSync(join(folder ?? '', 'blob-paths-seen.txt')));
    expect(log.records).toEqual([]);
    expect(log.rejections.map((rejection) => rejection.reason)).toEqual(['syntax']);
  });

  test('every path seen is a path of a flow log', () => {
    const values = { subscriptionID: 'S', subscriptionId: 'S', year: '2024', month: '03', day: '15', hour: '10' };
    const more = {
      macAddress: 'AABBCCDDEEFF',
      Region: 'EASTUS',
      resourceGroupName: 'RG',
      nsgName: 'N',
      FlowlogResourceName: 'F',
    };
    const text = readFileSync(join(folder ?? '', 'blob-paths-seen.txt'), 'utf8');
    const paths = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(paths.length).toBe(5);
    for (const path of paths) {
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => ({ ...values, ...more })[name] ?? name);
      expect(parseBlobPath(filled), path).toBeDefined();
    }
  });
});
