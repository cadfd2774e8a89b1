import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { dayMillis, floorToHour, hourMillis } from '../../src/base/time.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import type { BlobItem } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import { openSource } from '../../src/blob/open.ts';
import { readRetentionRules } from '../../src/cli/options/retention-rules.ts';
import type { VnetPath } from '../../src/flowlog/blob-path.ts';
import { formatBlobPath, nsgContainer } from '../../src/flowlog/blob-path.ts';
import type { RetainSettings, RetentionStep } from '../../src/source/retain.ts';
import { RetentionIndex, judgeRetention, retain } from '../../src/source/retain.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-retain-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const scope = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Network';
const web = `${scope}/networkSecurityGroups/nsg-web`;
const db = `${scope}/networkSecurityGroups/nsg-db`;
const vnetLog = `${scope}/networkWatchers/NetworkWatcher_westeurope/flowLogs/vnet-rg-flowlog`;
const mac = '000D3AF87856';
const now = Date.UTC(2026, 2, 31, 10, 25);

function item(name: string): BlobItem {
  return { name, lengthBytes: 1, etag: '"1"', lastModifiedMillis: 0 };
}

function nsgBlob(id: string, hour: number): string {
  return formatBlobPath('nsg', id, hour, mac);
}

function rule(days: number, ...ids: string[]): { name: string; ids: string[]; days: number } {
  return { name: `${days} days`, ids, days };
}

async function steps(...args: Parameters<typeof retain>): Promise<RetentionStep[]> {
  const all: RetentionStep[] = [];
  for await (const step of retain(...args)) all.push(step);
  return all;
}

describe('what retention deletes', () => {
  test('is an hour that ended the days ago, to the minute; never the hour that runs', () => {
    const rules = new RetentionIndex([rule(1, web)]);
    const at = (nowMillis: number): boolean =>
      judgeRetention(item(nsgBlob(web, Date.UTC(2026, 2, 30, 9))), rules, nowMillis) !== undefined;
    expect(at(Date.UTC(2026, 2, 31, 9, 59, 59, 999))).toBe(false);
    expect(at(Date.UTC(2026, 2, 31, 10))).toBe(true);
  });

  test('is never what is younger than the days, for any hour, days and time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 365 }),
        fc.integer({ min: -24 * 400, max: 48 }),
        fc.integer({ min: 0, max: hourMillis - 1 }),
        (days, hours, within) => {
          const nowMillis = floorToHour(now) + within;
          const hour = floorToHour(now) + hours * hourMillis;
          const expired = judgeRetention(item(nsgBlob(web, hour)), new RetentionIndex([rule(days, web)]), nowMillis);
          const ageMillis = nowMillis - (hour + hourMillis);
          expect(expired !== undefined).toBe(days > 0 && ageMillis >= days * dayMillis);
          if (expired !== undefined) expect(expired.ageDays).toBeGreaterThanOrEqual(days);
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });

  test('is of the flow logs that rules name, by NSG or flow log id, in any casing and either VNet form', () => {
    const hour = now - 40 * dayMillis;
    const rules = new RetentionIndex([rule(30, web.toUpperCase()), rule(30, vnetLog)]);
    const short = (form: VnetPath): string => formatBlobPath('vnet', vnetLog, hour, mac, form);
    const judged = [nsgBlob(web, hour), nsgBlob(db, hour), short('short'), short('long')].map(
      (name) => judgeRetention(item(name), rules, now) !== undefined,
    );
    expect(judged).toEqual([true, false, true, true]);
  });

  test('is nothing whose path is not exactly one of a flow log', () => {
    const rules = new RetentionIndex([], rule(1));
    const name = nsgBlob(web, now - 40 * dayMillis);
    expect(judgeRetention(item(name), rules, now)).toBeDefined();
    for (const other of [
      `${name}.gz`,
      `copy/${name}`,
      name.toLowerCase(),
      name.replace('/m=00/', '/m=01/'),
      name.replace(/\/h=\d+\/m=00/, ''),
      name.replace('PT1H', 'PT5M'),
      'notes.txt',
    ])
      expect([other, judgeRetention(item(other), rules, now)]).toEqual([other, undefined]);
  });

  test('follows the rule that keeps longest where several name a flow log, and 0 keeps forever', () => {
    const name = nsgBlob(web, now - 100 * dayMillis);
    const expires = (...days: number[]): boolean =>
      judgeRetention(item(name), new RetentionIndex(days.map((n) => rule(n, web))), now) !== undefined;
    expect([expires(90), expires(7, 90), expires(90, 7), expires(7, 120), expires(7, 0), expires(0, 7)]).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('days are 0 to 365', () => {
    for (const days of [-1, 366, 1.5, Number.NaN])
      expect(() => new RetentionIndex([rule(days, web)])).toThrow('0 (forever) to 365 days');
  });
});

describe('retention of a storage', () => {
  const hours = [floorToHour(now), now - 30 * dayMillis, now - 31 * dayMillis - hourMillis, now - 400 * dayMillis].map(
    floorToHour,
  );
  const fill = async (account: ReturnType<typeof memoryAccount>): Promise<void> => {
    const appender = new BlockAppender(account.container(nsgContainer));
    for (const id of [web, db])
      for (const hour of hours)
        await appender.append(nsgBlob(id, hour), [{ id: '0'.repeat(32), bytes: Buffer.from('{}') }]);
    await new BlockAppender(account.container('somewhere-else')).append(nsgBlob(web, hours[3]), [
      { id: '0'.repeat(32), bytes: Buffer.from('{}') },
    ]);
  };
  const names = async (account: ReturnType<typeof memoryAccount>): Promise<string[]> => {
    const all: string[] = [];
    for await (const { name } of account.container(nsgContainer).list()) all.push(name);
    return all;
  };
  const settings = (deletes: RetainSettings['deletes']): RetainSettings => ({
    rules: new RetentionIndex([rule(30, web)]),
    nowMillis: now,
    deletes,
  });
  const left = [
    ...hours.map((hour) => nsgBlob(db, hour)),
    ...hours.slice(0, 2).map((hour) => nsgBlob(web, hour)),
  ].sort();

  test('a folder that nsgflow wrote loses what has expired, and each deletion is told', async () => {
    const account = folderAccount(join(root, 'own'), { sync: false });
    await fill(account);
    expect((await steps(account, settings('nothing'))).map(({ action }) => action)).toEqual([
      'would-delete',
      'would-delete',
    ]);
    expect(await names(account)).toHaveLength(8);
    const done = await steps(account, settings('own'));
    expect(done.map(({ action, item: { name }, ageDays, rule: { name: by } }) => [action, name, ageDays, by])).toEqual([
      ['deleted', nsgBlob(web, hours[3]), 399, '30 days'],
      ['deleted', nsgBlob(web, hours[2]), 31, '30 days'],
    ]);
    expect((await names(account)).sort()).toEqual(left);
    expect(await steps(account, settings('own'))).toEqual([]);
    const other = account.container('somewhere-else');
    expect(await other.properties(nsgBlob(web, hours[3]))).toBeDefined();
  });

  test('a copy without block lists is left, until all may be deleted', async () => {
    const from = folderAccount(join(root, 'copied'), { sync: false });
    await fill(from);
    cpSync(join(root, 'copied', nsgContainer), join(root, 'copy', nsgContainer), { recursive: true });
    const copy = await openSource(join(root, 'copy'));
    expect((await steps(copy, settings('own'))).map(({ action }) => action)).toEqual(['would-delete', 'would-delete']);
    expect((await steps(copy, settings('all'))).map(({ action }) => action)).toEqual(['deleted', 'deleted']);
    expect((await names(copy)).sort()).toEqual(left);
  });

  test('a blob that somebody writes meanwhile is kept', async () => {
    const account = memoryAccount();
    await fill(account);
    const inner = account.container(nsgContainer);
    const racing = {
      ...account,
      containers: () => account.containers(),
      container: () => ({
        ...wrapped(inner),
        async delete(name: string, etag?: string) {
          await new BlockAppender(inner).append(name, [{ id: '1'.repeat(32), bytes: Buffer.from('{}') }]);
          return await inner.delete(name, etag);
        },
      }),
    };
    expect((await steps(racing, settings('all'))).map(({ action }) => action)).toEqual(['changed', 'changed']);
    expect(await names(account)).toHaveLength(8);
  });

  function wrapped(inner: ReturnType<ReturnType<typeof memoryAccount>['container']>): typeof inner {
    return {
      location: inner.location,
      name: inner.name,
      list: (prefix) => inner.list(prefix),
      children: (prefix) => inner.children(prefix),
      properties: async (name) => await inner.properties(name),
      read: async (name, start, end) => await inner.read(name, start, end),
      blocks: async (name) => await inner.blocks(name),
      stageBlock: async (name, id, bytes) => await inner.stageBlock(name, id, bytes),
      commitBlocks: async (name, ids, etag) => await inner.commitBlocks(name, ids, etag),
      delete: async (name, etag) => await inner.delete(name, etag),
    };
  }
});

describe('a file of retention rules', () => {
  const read = async (text: string): ReturnType<typeof readRetentionRules> => {
    const path = join(root, 'rules');
    writeFileSync(path, text);
    return await readRetentionRules(path);
  };

  test('is a map of ids, a list, YAML, or what az prints', async () => {
    expect(await read(JSON.stringify({ [web]: 90, [vnetLog]: 0 }))).toEqual([
      { name: web, ids: [web], days: 90 },
      { name: vnetLog, ids: [vnetLog], days: 0 },
    ]);
    expect(await read(`- id: ${web}\n  days: 7\n`)).toEqual([{ name: web, ids: [web], days: 7 }]);
    const az = { id: vnetLog, targetResourceId: web, retentionPolicy: { days: 30, enabled: true }, enabled: true };
    expect(await read(JSON.stringify([az, { ...az, retentionPolicy: { days: 30, enabled: false } }]))).toEqual([
      { name: vnetLog, ids: [vnetLog, web], days: 30 },
      { name: vnetLog, ids: [vnetLog, web], days: 0 },
    ]);
    const { id, ...properties } = az;
    expect(await read(JSON.stringify({ value: [{ id, properties }] }))).toMatchObject([
      { ids: [vnetLog, web], days: 30 },
    ]);
  });

  test.each([
    '[]x',
    '3',
    '[3]',
    '{"web": 3}',
    `{"${web}": "3"}`,
    `{"${web}": 400}`,
    '[{"days": 3}]',
    `[{"id": "${web}"}]`,
  ])('%s is refused with a sentence', async (text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'usage' });
  });
});
