import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snakeKeys } from '../../src/cli/output/snake-keys.ts';
import { nsgflow, nsgflowHere } from './nsgflow.ts';

/** The commands that look into storage, and the spool, as people call them. */
const examples = join(import.meta.dirname, '..', '..', 'examples');
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-cli-blob-'));
const logs = join(folder, 'logs');
const example = ['--capture', join(examples, 'traffic.pcap'), '--network', join(examples, 'network.json')];
const web =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW/providers/Microsoft.Network/networkSecurityGroups/nsg-web';
const one = ['--target', 'nsg-web', '--nic', '00-0d-3a-26-c6-ba', '--hour', '2026-11-20T09'];

beforeAll(async () => {
  expect((await nsgflow(['record', ...example, '--to', logs])).code).toBe(0);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('nsgflow blob', () => {
  test('list names the blobs of a target by id or name, and hour', async () => {
    const byId = await nsgflow(['blob', 'list', logs, '--target', web.toUpperCase(), '-o', 'json']);
    expect(byId.code).toBe(0);
    const rows = JSON.parse(byId.out) as { hour: string; log: string; mac: string; bytes: number }[];
    expect(rows.length).toBeGreaterThan(4);
    expect(new Set(rows.map(({ log }) => log))).toEqual(new Set(['NSG-WEB']));
    const byHour = await nsgflow([
      'blob',
      'list',
      logs,
      '--target',
      'nsg-web',
      '--hour',
      '2026-11-20T09:00Z',
      '-o',
      'json',
    ]);
    expect(JSON.parse(byHour.out)).toEqual(rows.filter(({ hour }) => hour === '2026-11-20T09:00Z'));
  });

  test.each([
    [80, 'HOUR LOG MAC BYTES MODIFIED', 'ACTION LOG HOUR MAC DAYS BYTES RULE'],
    [170, 'HOUR LOG MAC BYTES MODIFIED CONTAINER', 'ACTION LOG HOUR MAC AGE_DAYS DAYS BYTES RULE CONTAINER'],
    [
      700,
      'HOUR LOG MAC BYTES MODIFIED RESOURCE_ID CONTAINER BLOB',
      'ACTION LOG HOUR MAC AGE_DAYS DAYS BYTES RULE CONTAINER BLOB',
    ],
  ])('at %d columns, list and retain hide what their other columns say', async (columns, list, retain) => {
    const header = async (...args: string[]): Promise<string> =>
      (await nsgflowHere([...args, '--no-pager', '--color', 'never'], { columns })).out
        .split('\n')[0]
        .replaceAll(/ +/g, ' ');
    expect(await header('blob', 'list', logs)).toBe(list);
    expect(await header('retain', logs, '--days', '1', '--dry-run')).toBe(retain);
  });

  test('blocks and show follow a blob as it grows', async () => {
    const listed = await nsgflow(['blob', 'blocks', logs, ...one, '-o', 'json']);
    const blocks = JSON.parse(listed.out) as { index: number; offset: number; length: number }[];
    expect(blocks[0]).toMatchObject({ index: 0, offset: 0, length: 12 });
    const whole = await nsgflow(['blob', 'show', logs, ...one]);
    const since = await nsgflow(['blob', 'show', logs, ...one, '--since', '2', '-o', 'json']);
    const records = (text: string): unknown[] => (JSON.parse(text) as { records: unknown[] }).records;
    expect(records(since.out)).toEqual(records(whole.out).slice(1));
    const raw = await nsgflow(['blob', 'show', logs, ...one, '--block', '2', '-o', 'raw']);
    expect([raw.out.length, raw.out.slice(0, 2)]).toEqual([blocks[2].length, ',{']);
  });

  test('a missing blob and a choice of several blobs are errors', async () => {
    const absent = await nsgflow(['blob', 'list', logs, '--target', 'nsg-absent']);
    expect([absent.code, absent.out]).toEqual([3, '']);
    const many = await nsgflow(['blob', 'show', logs, '--target', 'nsg-web']);
    expect([many.code, many.err]).toEqual([2, expect.stringContaining('several such blobs')]);
  });
});

describe('nsgflow retain', () => {
  test('asks before it deletes copies, and deletes what it wrote', async () => {
    const own = join(folder, 'own');
    cpSync(logs, own, { recursive: true });
    const copies = join(folder, 'copies');
    cpSync(logs, copies, { recursive: true });
    rmSync(join(copies, '.nsgflow'), { recursive: true });
    const files = (at: string): number =>
      readdirSync(at, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('PT1H.json')).length;
    const count = files(own);
    const rules = join(folder, 'rules.json');
    // The example lies in November 2026; a day of retention is over whenever this runs later than that.
    writeFileSync(rules, JSON.stringify({ [web]: 1 }));
    const dry = await nsgflow(['retain', copies, '--rules', rules, '-o', 'jsonl']);
    const rows = dry.out
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { action: string; log: string });
    if (Date.now() < Date.UTC(2026, 10, 22)) {
      expect(rows).toEqual([]);
      return;
    }
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.every(({ action, log }) => action === 'would-delete' && log === 'NSG-WEB')).toBe(true);
    expect([dry.code, dry.err]).toEqual([0, expect.stringContaining('add --delete')]);
    expect(files(copies)).toBe(count);
    const done = await nsgflow(['retain', own, '--rules', rules, '-o', 'jsonl']);
    expect([done.code, files(own)]).toEqual([0, count - rows.length]);
  });

  test.each([
    [['retain', 'x', '--days', '366'], 'from 0 to 365'],
    [['retain', 'x', '--days', '3', '--delete', '--dry-run'], 'exclude each other'],
  ])('%j is refused', async (args, sentence) => {
    const ran = await nsgflow(args);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe('nsgflow record --spool', () => {
  test('keeps what storage does not take, ends with 5, and delivers it first when called again', async () => {
    const spool = join(folder, 'spool');
    const to = join(folder, 'away', 'logs');
    writeFileSync(join(folder, 'away'), 'no folder');
    const first = await nsgflow(['record', ...example, '--to', to, '--spool', spool, '--stats', 'json']);
    expect([first.code, first.err]).toEqual([5, expect.stringContaining('wait in the spool')]);
    const stats = JSON.parse(first.out) as { tuples: number; written: number; delivery: { spool_bytes: number } };
    expect(stats.written).toBe(0);
    expect(stats.delivery.spool_bytes).toBeGreaterThan(100_000);
    expect(snakeKeys(JSON.parse(readFileSync(join(spool, 'status.json'), 'utf8')))).toEqual(stats.delivery);
    rmSync(join(folder, 'away'));
    const second = await nsgflow(['record', ...example, '--to', to, '--spool', spool, '--stats', 'json']);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.out)).toMatchObject({ tuples: stats.tuples, written: 0, delivery: { spool_bytes: 0 } });
    const container = 'insights-logs-networksecuritygroupflowevent';
    for (const name of readdirSync(join(logs, container), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.json'))
        expect(readFileSync(join(to, container, name), 'utf8')).toBe(readFileSync(join(logs, container, name), 'utf8'));
  });

  test('--spool-bytes needs a spool', async () => {
    const ran = await nsgflow(['record', ...example, '--to', logs, '--spool-bytes', '1MB']);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('--spool')]);
  });
});
