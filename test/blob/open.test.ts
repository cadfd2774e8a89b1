import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { parseAzureTarget, withoutSecrets } from '../../src/blob/azure-target.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { openSource, openStorage } from '../../src/blob/open.ts';
import { bytes, codeOf, collect, hourName, text } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-open-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const logContainer = 'insights-logs-networksecuritygroupflowevent';
const emulator = 'http://127.0.0.1:10000/devstoreaccount1';

function file(path: string, content: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

describe('storage to write to', () => {
  test('a folder is an account, and is made by the first write', async () => {
    const folder = join(root, 'new/account');
    const storage = await openStorage(folder);
    expect(storage.kind).toBe('account');
    expect(await codeOf(collect(storage.containers()))).toBe('not-found');
    await new BlockAppender(storage.container(logContainer)).append(hourName, [
      { id: '0'.repeat(32), bytes: bytes('{}') },
    ]);
    expect(await collect(storage.containers())).toEqual([logContainer]);
    expect(await text((await openStorage(join(folder, logContainer))).container(logContainer), hourName)).toBe(
      '{"records":[{}]}',
    );
  });

  test('a folder with the name of a log container takes that container only', async () => {
    const storage = await openStorage(join(root, 'one', logContainer));
    expect(storage.kind).toBe('container');
    expect(storage.container(logContainer)).toBe(storage.only);
    expect(() => storage.container('insights-logs-flowlogflowevent')).toThrow(FlowError);
  });

  test('a file in the way is an error that names it', async () => {
    const path = file('in-the-way', 'x');
    const storage = await openStorage(path);
    await expect(storage.container(logContainer).stageBlock('a', 'QQ==', bytes('x'))).resolves.toBeUndefined();
    await expect(storage.container(logContainer).commitBlocks('a', ['QQ=='], undefined)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('in-the-way') as string,
    });
  });

  test('plain http without a credential is refused, since a token would go unencrypted', async () => {
    expect(await codeOf(openStorage(emulator, { environment: {} }))).toBe('authentication');
  });
});

describe('storage to read from', () => {
  test('a folder that holds log containers is an account', async () => {
    file(`read/${logContainer}/${hourName}`, '{"records":[]}');
    const storage = await openSource(join(root, 'read'));
    expect(storage.kind).toBe('account');
    expect(await collect(storage.containers())).toEqual([logContainer]);
  });

  test('any other folder is one container of all its files', async () => {
    const folder = dirname(file('tree/a/PT1H.json', '{"records":[]}'));
    file('tree/b.json', 'x');
    file('tree/.nsgflow/blocks/x/PT1H.json.jsonl', 'x');
    const storage = await openSource(dirname(folder));
    expect(storage.kind).toBe('container');
    expect((await collect(storage.only!.list())).map((item) => item.name)).toEqual(['a/PT1H.json', 'b.json']);
    expect(await storage.only!.blocks('a/PT1H.json')).toMatchObject({ blocks: [] });
  });

  test('a file is a blob; within a log container it is read with its block list', async () => {
    const single = await openSource(file('single/PT1H.json', 'alone'));
    expect([single.kind, single.blob]).toEqual(['blob', 'PT1H.json']);
    expect(await text(single.only!, single.blob!)).toBe('alone');
    const account = await openStorage(join(root, 'blocks'));
    await new BlockAppender(account.container(logContainer)).append(hourName, [
      { id: '0'.repeat(32), bytes: bytes('{}') },
    ]);
    const blob = await openSource(join(root, 'blocks', logContainer, hourName));
    expect([blob.kind, blob.blob, blob.only!.name]).toEqual(['blob', hourName, logContainer]);
    expect((await blob.only!.blocks(hourName))?.blocks).toHaveLength(3);
  });

  test('what is not there is not found', async () => {
    await expect(openSource(join(root, 'nowhere'))).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('nowhere') as string,
    });
  });
});

describe('an Azure URL', () => {
  const key = 'a2V5';
  const string = (account: string): string =>
    `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=${key};EndpointSuffix=core.windows.net`;

  test.each([
    ['https://acct.blob.core.windows.net', 'https://acct.blob.core.windows.net', 'acct', undefined, undefined],
    ['https://acct.blob.core.windows.net/', 'https://acct.blob.core.windows.net', 'acct', undefined, undefined],
    ['https://ACCT.blob.core.windows.net/logs1', 'https://acct.blob.core.windows.net', 'acct', 'logs1', undefined],
    [
      'https://acct.blob.core.usgovcloudapi.net/logs1/',
      'https://acct.blob.core.usgovcloudapi.net',
      'acct',
      'logs1',
      undefined,
    ],
    [
      'https://acct.z12.blob.storage.azure.net/logs1',
      'https://acct.z12.blob.storage.azure.net',
      'acct',
      'logs1',
      undefined,
    ],
    [
      'https://acct.blob.core.windows.net/logs1/resourceId%3D/A%20B/PT1H.json',
      'https://acct.blob.core.windows.net',
      'acct',
      'logs1',
      'resourceId=/A B/PT1H.json',
    ],
    [emulator, emulator, 'devstoreaccount1', undefined, undefined],
    [`${emulator}/logs1/x`, emulator, 'devstoreaccount1', 'logs1', 'x'],
    [
      'http://azurite:10000/devstoreaccount1',
      'http://azurite:10000/devstoreaccount1',
      'devstoreaccount1',
      undefined,
      undefined,
    ],
  ])('%s is read', (url, accountUrl, account, container, blob) => {
    expect(parseAzureTarget(url, undefined)).toEqual({
      accountUrl,
      account,
      container,
      blob,
      sas: undefined,
      key: undefined,
    });
  });

  test.each([
    ['https://', 'usage'],
    ['http://127.0.0.1:10000', 'usage'],
    ['https://acct.blob.core.windows.net/Logs', 'usage'],
    ['https://acct.blob.core.windows.net/%zz', 'usage'],
    ['https://acct.blob.core.windows.net/logs1?comp=list', 'usage'],
  ])('%s is refused', (url, code) => {
    expect(() => parseAzureTarget(url, undefined)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('takes the SAS in the URL before the connection string, and shows it nowhere', () => {
    const target = parseAzureTarget(
      'https://acct.blob.core.windows.net/logs1?sv=2026-01-01&sig=s%2Fcret',
      string('other'),
    );
    expect(target).toMatchObject({ sas: 'sv=2026-01-01&sig=s%2Fcret', key: undefined });
    expect(target.accountUrl).not.toContain('cret');
    expect(withoutSecrets('https://user:pass@acct.blob.core.windows.net/c?sig=secret#x')).toBe(
      'https://acct.blob.core.windows.net/c',
    );
    for (const url of [
      'https://acct.blob.core.windows.net/Logs?sig=secret',
      'http://host?sig=secret',
      'https://?sig=secret',
    ])
      expect(() => parseAzureTarget(url, undefined)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
      );
  });

  test('takes the key of the connection string, of the same account only', () => {
    expect(parseAzureTarget('https://acct.blob.core.windows.net', string('acct'))).toMatchObject({
      key,
      sas: undefined,
    });
    expect(parseAzureTarget(emulator, 'UseDevelopmentStorage=true').key).toMatch(/^Eby8vd/);
    expect(
      parseAzureTarget(emulator, `AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=${emulator};`).key,
    ).toBe(key);
    for (const wrong of [
      string('other'),
      'UseDevelopmentStorage=true',
      'nonsense',
      'AccountName=acct',
      `AccountKey=${key}`,
    ])
      expect(() => parseAzureTarget('https://acct.blob.core.windows.net', wrong)).toThrow(
        expect.objectContaining({
          code: 'authentication',
          message: expect.not.stringContaining(key) as string,
        }) as Error,
      );
  });

  test('sends the SAS of a connection string to its own address only', () => {
    const sas = 'BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=x%3D';
    expect(parseAzureTarget('https://acct.blob.core.windows.net/logs1', sas)).toMatchObject({ sas: 'sv=1&sig=x%3D' });
    expect(() => parseAzureTarget('https://acct.blob.core.chinacloudapi.cn/logs1', sas)).toThrow('another address');
  });

  test('plain http is for this machine and for the emulator’s account', () => {
    for (const url of [
      'http://acct.blob.core.windows.net/logs1?sig=x',
      'http://10.0.0.7:10000/acct',
      'http://127.evil.example/acct',
    ])
      expect(() => parseAzureTarget(url, undefined)).toThrow('unencrypted');
    for (const url of [
      'http://localhost:10000/acct',
      'http://[::1]:10000/acct',
      'http://10.0.0.7:10000/devstoreaccount1',
    ])
      expect(parseAzureTarget(url, undefined).container).toBeUndefined();
  });
});
