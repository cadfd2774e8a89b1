import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { blobName, container, madeRecord, portsOf, writeBlob } from '../source/build-blobs.ts';
import { nsgflow } from './nsgflow.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-cli-ingest-'));
const logs = join(folder, 'logs');
const lake = join(folder, 'lake');
const to = folderAccount(logs, { sync: false }).container(container);

const records = [1, 2, 4].map((minute) => madeRecord(minute, [{ port: minute }, { port: minute, state: 'E' }]));

beforeAll(async () => {
  await writeBlob(to, blobName(), [records[0], records[1].slice(0, 150), records[2]]);
  await writeBlob(to, blobName(24, 2), [madeRecord(0, [{ port: 7 }], 2, 24)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('ingest', () => {
  test('a lake that is no folder is said to be none, and so is a spool', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    for (const at of [file, join(file, 'lake')])
      expect(await nsgflow(['ingest', logs, '--lake', at])).toMatchObject({
        code: 3,
        err: expect.stringContaining(`cannot make the lake ${at}: a part of the path is not a folder\n`) as string,
      });
    const capture = join(import.meta.dirname, '../../examples/traffic.pcap');
    const recorded = await nsgflow(['record', '--capture', capture, '--to', join(folder, 'to'), '--spool', file]);
    expect(recorded).toMatchObject({ code: 3, err: expect.stringContaining('is not a folder') as string });
  });

  test('a dry run says what there is, by day, and makes nothing', async () => {
    const said = await nsgflow(['ingest', logs, '--lake', lake, '--dry-run']);
    expect([said.code, said.err]).toEqual([0, '']);
    expect(said.out).toContain('2 of 2 have something new');
    expect(said.out).toMatch(/days +2, 2026-11-20 to 2026-11-21\n +2026-11-21 +1 blob,/);
    const stats = await nsgflow([
      'ingest',
      logs,
      '--lake',
      lake,
      '--dry-run',
      '--stats',
      'json',
      '--from',
      '2026-11-21',
    ]);
    expect(JSON.parse(stats.out)).toMatchObject({
      blobs: 1,
      new_blobs: 1,
      list_operations: 1,
      read_operations: 2,
      lake_share: 0.1,
      days: [{ day: '2026-11-21', blobs: 1 }],
    });
    expect((await nsgflow(['ingest', 'rejects', '--lake', lake])).code).toBe(3);
  });

  test('gaps are exit code 7, rejects are listed, a repair heals both', async () => {
    expect((await nsgflow(['ingest', logs, '--lake', lake])).err).toMatch(/^rejected: .*syntax/);
    const gaps = await nsgflow(['ingest', 'gaps', '--lake', lake, '-o', 'json']);
    expect(gaps.code).toBe(7);
    expect(gaps.err).toMatch(/^minutes: .* 1 missing, .*\nnsgflow: 1 minute is missing\n/);
    expect(JSON.parse(gaps.out)).toMatchObject([
      { from: '2026-11-20T10:02Z', to: '2026-11-20T10:03Z', minutes: 1, state: 'missing', evidence: 'rejected' },
    ]);
    const hours = await nsgflow(['ingest', 'gaps', '--lake', lake, '--hours', '-o', 'csv']);
    expect(hours.out).toContain('2026-11-20T10:00Z,2,1,1,56,000D3A000001,WEB,');
    const rejects = await nsgflow(['ingest', 'rejects', '--lake', lake, '-o', 'csv']);
    expect(rejects.out).toMatch(/^blob,start_byte,end_byte,reason,detail\n.*PT1H\.json,\d+,\d+,syntax,.*\n$/);
    expect((await nsgflow(['ingest', '--lake', lake, 'rejects', '-o', 'csv'])).out).toBe(rejects.out);
    await to.delete(blobName());
    await writeBlob(to, blobName(), records);
    const again = await nsgflow(['ingest', logs, '--lake', lake]);
    expect(again.err).toMatch(/^blob-rewritten: .*its rows were replaced\n$/);
    expect(again.out).toContain('replaced         1 blob that was rewritten');
    expect((await nsgflow(['ingest', 'gaps', '--lake', lake])).code).toBe(0);
    expect((await nsgflow(['ingest', 'rejects', '--lake', lake])).out).toBe('');
    const status = await nsgflow(['ingest', 'status', '--lake', lake, logs, '-o', 'json']);
    expect(JSON.parse(status.out)).toMatchObject([
      { flow_log: 'WEB', blobs: 2, nics: 2, rejected: 0, pending_blobs: 0 },
    ]);
  });

  test('wrong input is refused by name', async () => {
    const usage: [string[], string][] = [
      [['ingest', logs], '--lake'],
      [['ingest', 'gaps'], '--lake'],
      [['ingest', logs, '--lake', lake, '--include', 'vm=x'], 'vm=x'],
      [['ingest', logs, '--lake', lake, '--parallel', '0'], '--parallel'],
      [['ingest', logs, '--lake', lake, '--from', 'soon'], '--from'],
      [['ingest', '-', '--lake', lake, '--follow'], 'standard input'],
    ];
    for (const [args, part] of usage) {
      const ran = await nsgflow(args);
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(part)]);
    }
    mkdirSync(join(folder, 'spool'));
    writeFileSync(join(folder, 'spool', 'status.json'), 'no JSON');
    expect((await nsgflow(['ingest', 'gaps', '--lake', lake, '--recorder', join(folder, 'spool')])).code).toBe(2);
  });

  test('following ends cleanly at SIGTERM, with all that was written', async () => {
    const child = spawn(process.execPath, [main, 'ingest', logs, '--lake', lake, '--follow', '--poll', '100ms'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await writeBlob(
      to,
      blobName(24, 2),
      [7, 8].map((port, i) => madeRecord(i, [{ port }], 2, 24)),
    );
    for (let i = 0; i < 300 && !(await portsOf(lake)).includes(8); i++);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(out).toContain('1 added');
  });
});
