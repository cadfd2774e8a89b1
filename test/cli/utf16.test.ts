/** Files as `>` of Windows PowerShell writes them: UTF-16 with a byte order mark. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import { listSources } from '../../src/source/list-sources.ts';
import { readWhole } from '../../src/source/whole-log.ts';
import { utf8Chunks } from '../../src/source/utf8-chunks.ts';
import { madeRecord } from '../source/build-blobs.ts';
import { nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-utf16-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encodings: [string, (text: string) => Buffer][] = [
  ['UTF-16LE', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['UTF-16BE', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
];
const log = `{"records":[${[1, 2]
  .map((minute) =>
    Buffer.from(madeRecord(minute, [{ port: minute }]))
      .toString()
      .replace(/^,/, ''),
  )
  .join(',')}]}`;

describe.each(encodings)('%s', (name, encode) => {
  test('flow logs are read from files, folders and gzip', async () => {
    const logs = join(folder, name);
    mkdirSync(logs);
    writeFileSync(join(logs, 'a.json'), encode(log));
    writeFileSync(join(logs, 'b.json.gz'), gzipSync(encode(log)));
    for (const [source, files] of [
      [logs, 2],
      [join(logs, 'a.json'), 1],
    ] as const) {
      const read = [];
      for await (const blob of listSources([source])) read.push((await readWhole(blob)).log);
      expect(read).toHaveLength(files);
      for (const one of read) expect(one).toMatchObject({ rejections: [], tuples: { count: 2 } });
    }
    const lake = join(folder, `lake ${name}`);
    const ingested = await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json']);
    expect(JSON.parse(ingested.out)).toMatchObject({ blobs: 2, tuples: 4, rejected: 0 });
    expect(JSON.parse((await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json'])).out)).toMatchObject({
      tuples: 0,
    });
  });

  test('networks are read', async () => {
    const example = join(import.meta.dirname, '..', '..', 'examples', 'network.json');
    const path = join(folder, `network ${name}.json`);
    writeFileSync(path, encode(readFileSync(example, 'utf8')));
    const shown = await nsgflow(['nsg', 'show', '--network', path]);
    expect(shown.code).toBe(0);
    expect(shown).toEqual(await nsgflow(['nsg', 'show', '--network', example]));
  });

  test('chunks that end anywhere give the same text', async () => {
    const bytes = encode(log.replaceAll('UserRule', 'ü😀'));
    for (const size of [1, 2, 3, 7, 1000]) {
      const chunks = (async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })();
      const read: Uint8Array[] = [];
      for await (const chunk of utf8Chunks(chunks)) read.push(chunk);
      expect(Buffer.concat(read).toString()).toBe(log.replaceAll('UserRule', 'ü😀'));
    }
  });

  test('where it is not read, the report says what it is', () => {
    const { rejections } = decodeFlowLog(encode(log));
    expect(rejections).toMatchObject([{ startByte: 0, endByte: encode(log).length, reason: 'syntax' }]);
    expect(rejections[0].detail).toContain('UTF-16');
  });
});

test('a resource id with two slashes in a row is that with one', async () => {
  const lake = join(folder, 'slashes');
  const id = '/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG1/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG1';
  for (const [i, resourceId] of [id, id.replace('/RESOURCEGROUPS', '//RESOURCEGROUPS'), `${id}/`].entries()) {
    const path = join(folder, `slash${i}.json`);
    writeFileSync(path, log.replaceAll(/"resourceId":"[^"]*"/g, `"resourceId":"${resourceId}"`));
    await nsgflow(['ingest', path, '--lake', lake]);
  }
  const status = await nsgflow(['ingest', 'status', '--lake', lake, '-o', 'json']);
  const logs = (JSON.parse(status.out) as { flow_log: string; nics: number }[]).filter(({ nics }) => nics > 0);
  expect(logs.map((one) => one.flow_log)).toContain('NSG1');
  expect(logs.every((one) => !one.flow_log.includes('//'))).toBe(true);
  const top = await nsgflow(['top', '--by', 'nsg', '--lake', lake, '-o', 'json', '--metric', 'tuples']);
  expect(JSON.parse(top.out)).toMatchObject([{ nsg: 'NSG1' }]);
});
