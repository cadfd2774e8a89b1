import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobSASPermissions,
  BlobServiceClient,
  ContainerSASPermissions,
  SASProtocol,
  StorageSharedKeyCredential,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { ask, serveParts } from './serving.ts';
import type { Serving } from './serving.ts';

const name = 'stflowlogs1';
const keys = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
const containerName = 'insights-logs-networksecuritygroupflowevent';
const blobName = (hour: number): string =>
  `resourceId=/SUBSCRIPTIONS/A/y=2026/m=11/d=22/h=${String(hour).padStart(2, '0')}/m=00/macAddress=000D3A000001/PT1H.json`;

let serving: Serving;
let folder: string;
let text: string;

function client(credential?: StorageSharedKeyCredential, query = ''): BlobServiceClient {
  const tls = { tlsOptions: { ca: serving.ca }, retryOptions: { maxTries: 1 } };
  return new BlobServiceClient(`${serving.origin}/${name}${query}`, credential, tls);
}

function owner(key = 0): BlobServiceClient {
  return client(new StorageSharedKeyCredential(name, keys[key]));
}

async function collect<T>(things: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const thing of things) all.push(thing);
  return all;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-account-'));
  const account = folderAccount(folder, { sync: false });
  const appender = new BlockAppender(account.container(containerName));
  for (const hour of [9, 10, 11])
    for (const minute of [0, 1])
      await appender.append(blobName(hour), [
        {
          id: `${hour}${minute}`.padStart(32, '0'),
          bytes: Buffer.from(`{"time":"2026-11-22T${hour}:0${minute}:00.0000000Z","pad":"${'x'.repeat(200)}"}`),
        },
      ]);
  const odd = account.container('insights-logs-flowlogflowevent');
  const id = Buffer.from('block').toString('base64');
  await odd.stageBlock(`a&<b> "c" 'd' +é/é.json`, id, Buffer.from('odd'));
  await odd.commitBlocks(`a&<b> "c" 'd' +é/é.json`, [id], undefined);
  text = Buffer.from((await account.container(containerName).read(blobName(9))).bytes).toString();
  serving = await serveParts({ accounts: [{ name, keys, account, createdMillis: Date.UTC(2026, 10, 22) }] });
});

afterAll(async () => {
  await serving.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the official blob client, with either key', () => {
  test.each([0, 1])('lists containers with key %i', async (key) => {
    const containers = await collect(owner(key).listContainers());
    expect(containers.map((container) => container.name)).toEqual(['insights-logs-flowlogflowevent', containerName]);
    const some = await collect(owner(key).listContainers({ prefix: 'insights-logs-network' }));
    expect(some.map((container) => container.name)).toEqual([containerName]);
  });

  test('lists blobs by page, and goes on where a page ended', async () => {
    const container = owner().getContainerClient(containerName);
    expect((await collect(container.listBlobsFlat())).map((blob) => blob.name)).toEqual([9, 10, 11].map(blobName));
    const first = (await container.listBlobsFlat().byPage({ maxPageSize: 2 }).next()).value;
    expect(first.segment.blobItems.map((blob: { name: string }) => blob.name)).toEqual([9, 10].map(blobName));
    const rest = await collect(container.listBlobsFlat().byPage({ continuationToken: first.continuationToken }));
    expect(rest.flatMap((page) => page.segment.blobItems.map((blob) => blob.name))).toEqual([blobName(11)]);
  });

  test('walks the hierarchy with prefix and delimiter', async () => {
    const container = owner().getContainerClient(containerName);
    const day = 'resourceId=/SUBSCRIPTIONS/A/y=2026/m=11/d=22/';
    const items = await collect(container.listBlobsByHierarchy('/', { prefix: `${day}h=1` }));
    expect(items.map((item) => [item.kind, item.name])).toEqual([
      ['prefix', `${day}h=10/`],
      ['prefix', `${day}h=11/`],
    ]);
    const pages = await collect(container.listBlobsByHierarchy('/', { prefix: day }).byPage({ maxPageSize: 1 }));
    expect(pages.flatMap((page) => page.segment.blobPrefixes!.map((prefix) => prefix.name))).toEqual(
      ['09', '10', '11'].map((hour) => `${day}h=${hour}/`),
    );
  });

  test('downloads whole blobs, ranges, properties and block lists', async () => {
    const blob = owner().getContainerClient(containerName).getBlockBlobClient(blobName(9));
    expect((await blob.downloadToBuffer()).toString()).toBe(text);
    expect((await blob.downloadToBuffer(12, 30)).toString()).toBe(text.slice(12, 42));
    const properties = await blob.getProperties();
    expect(properties.contentLength).toBe(text.length);
    expect(properties.blobType).toBe('BlockBlob');
    const list = await blob.getBlockList('all');
    expect(list.committedBlocks!.map((block) => block.size)).toHaveLength(4);
    expect(list.committedBlocks!.reduce((sum, block) => sum + block.size, 0)).toBe(text.length);
    const checked = await blob.download(0, 10, { rangeGetContentMD5: true });
    expect(checked.contentMD5).toHaveLength(16);
    await expect(blob.download(0, 10, { conditions: { ifNoneMatch: properties.etag! } })).rejects.toMatchObject({
      statusCode: 304,
    });
    await expect(blob.download(0, 10, { conditions: { ifMatch: '"other"' } })).rejects.toMatchObject({
      statusCode: 412,
      code: 'ConditionNotMet',
    });
    await expect(blob.download(text.length)).rejects.toMatchObject({ statusCode: 416, code: 'InvalidRange' });
  });

  test('reads names that XML and URLs must escape', async () => {
    const container = owner().getContainerClient('insights-logs-flowlogflowevent');
    const [item] = await collect(container.listBlobsFlat());
    expect(item.name).toBe(`a&<b> "c" 'd' +é/é.json`);
    expect((await container.getBlobClient(item.name).downloadToBuffer()).toString()).toBe('odd');
  });

  test('is told what is not there', async () => {
    const service = owner();
    await expect(collect(service.getContainerClient('nothing-here').listBlobsFlat())).rejects.toMatchObject({
      code: 'ContainerNotFound',
    });
    const container = service.getContainerClient(containerName);
    await expect(container.getBlobClient('none.json').download()).rejects.toMatchObject({
      statusCode: 404,
      code: 'BlobNotFound',
    });
    expect(await container.getBlobClient('none.json').exists()).toBe(false);
    expect(await service.getContainerClient('nothing-here').exists()).toBe(false);
  });

  test('cannot write', async () => {
    const blob = owner().getContainerClient(containerName).getBlockBlobClient('new.json');
    await expect(blob.upload('x', 1)).rejects.toMatchObject({ statusCode: 405, code: 'UnsupportedHttpVerb' });
    await expect(blob.delete()).rejects.toMatchObject({ statusCode: 405 });
  });
});

describe('who may not', () => {
  test('a wrong key, no key, another account', async () => {
    const wrong = client(new StorageSharedKeyCredential(name, randomBytes(64).toString('base64')));
    await expect(collect(wrong.listContainers())).rejects.toMatchObject({
      statusCode: 403,
      code: 'AuthenticationFailed',
    });
    await expect(collect(client().listContainers())).rejects.toMatchObject({ statusCode: 401 });
    const other = client(new StorageSharedKeyCredential('stother', keys[0]));
    await expect(collect(other.listContainers())).rejects.toMatchObject({ statusCode: 403 });
  });

  test('a signature that is old', async () => {
    const answer = await ask(serving, `/${name}/?comp=list`, {
      headers: { authorization: `SharedKey ${name}:AAAA`, 'x-ms-date': 'Sun, 22 Nov 2020 00:00:00 GMT' },
    });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<Code>AuthenticationFailed</Code>');
  });

  test('a bearer token does, as with az storage --auth-mode login', async () => {
    const answer = await ask(serving, `/${name}/?comp=list`, { headers: { authorization: 'Bearer anything' } });
    expect(answer.status).toBe(200);
  });
});

describe('shared access signatures', () => {
  const credential = new StorageSharedKeyCredential(name, keys[1]);
  const soon = (): Date => new Date(Date.now() + 600_000);

  const accountSas = (permissions: string, types: string, more: object = {}): string =>
    `?${generateAccountSASQueryParameters(
      {
        expiresOn: soon(),
        permissions: AccountSASPermissions.parse(permissions),
        resourceTypes: AccountSASResourceTypes.parse(types).toString(),
        services: AccountSASServices.parse('b').toString(),
        protocol: SASProtocol.Https,
        ...more,
      },
      credential,
    ).toString()}`;

  const serviceSas = (options: {
    blobName?: string;
    permissions: string;
    expiresOn?: Date;
    version?: string;
  }): string =>
    `?${generateBlobSASQueryParameters(
      {
        containerName,
        expiresOn: soon(),
        ...options,
        permissions:
          options.blobName === undefined
            ? ContainerSASPermissions.parse(options.permissions)
            : BlobSASPermissions.parse(options.permissions),
      },
      credential,
    ).toString()}`;

  test('of the account list and read', async () => {
    const service = client(undefined, accountSas('rl', 'sco'));
    expect(await collect(service.listContainers())).toHaveLength(2);
    const blob = service.getContainerClient(containerName).getBlobClient(blobName(9));
    expect((await blob.downloadToBuffer()).toString()).toBe(text);
  });

  test('do only what they say', async () => {
    const reader = client(undefined, accountSas('r', 'o'));
    await expect(collect(reader.listContainers())).rejects.toMatchObject({ statusCode: 403 });
    const lister = client(undefined, accountSas('l', 'c')).getContainerClient(containerName);
    expect(await collect(lister.listBlobsFlat())).toHaveLength(3);
    await expect(lister.getBlobClient(blobName(9)).download()).rejects.toMatchObject({ statusCode: 403 });
    const elsewhere = client(undefined, accountSas('rl', 'sco', { ipRange: { start: '10.0.0.1', end: '10.0.0.9' } }));
    await expect(collect(elsewhere.listContainers())).rejects.toMatchObject({
      code: 'AuthorizationSourceIPMismatch',
    });
    const here = client(undefined, accountSas('rl', 'sco', { ipRange: { start: '127.0.0.1' } }));
    expect(await collect(here.listContainers())).toHaveLength(2);
    const later = client(undefined, accountSas('rl', 'sco', { startsOn: new Date(Date.now() + 60_000) }));
    await expect(collect(later.listContainers())).rejects.toMatchObject({ statusCode: 403 });
  });

  test.each(['2015-04-05', '2018-11-09', '2020-08-04', undefined])(
    'of a container and of a blob, version %s',
    async (version) => {
      const versioned = version === undefined ? {} : { version };
      const container = client(undefined, serviceSas({ permissions: 'rl', ...versioned })).getContainerClient(
        containerName,
      );
      expect(await collect(container.listBlobsFlat())).toHaveLength(3);
      const service = client(undefined, serviceSas({ blobName: blobName(10), permissions: 'r', ...versioned }));
      const own = service.getContainerClient(containerName);
      expect((await own.getBlobClient(blobName(10)).getProperties()).contentLength).toBeGreaterThan(0);
      await expect(own.getBlobClient(blobName(9)).download()).rejects.toMatchObject({ statusCode: 403 });
      await expect(collect(own.listBlobsFlat())).rejects.toMatchObject({ statusCode: 403 });
    },
  );

  test('expire, and cannot be changed', async () => {
    const expired = serviceSas({ permissions: 'rl', expiresOn: new Date(Date.now() - 1000) });
    await expect(
      collect(client(undefined, expired).getContainerClient(containerName).listBlobsFlat()),
    ).rejects.toMatchObject({ statusCode: 403 });
    const widened = serviceSas({ permissions: 'l' }).replace('sp=l', 'sp=rl');
    await expect(
      collect(client(undefined, widened).getContainerClient(containerName).listBlobsFlat()),
    ).rejects.toMatchObject({ statusCode: 403 });
  });
});

describe('a signature over odd fields', () => {
  /** As Azure documents it, and not by the client, which would not make such. */
  const signed = (fields: Record<string, string>): string => {
    const sas: Record<string, string> = {
      sp: 'rl',
      ss: 'b',
      srt: 'sco',
      se: '2099-01-01T00:00:00Z',
      sv: '2021-12-02',
      ...fields,
    };
    const lines = [
      name,
      ...['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv', 'ses'].map((field) => sas[field] ?? ''),
    ];
    const sig = createHmac('sha256', Buffer.from(keys[0], 'base64'))
      .update(`${lines.join('\n')}\n`)
      .digest('base64');
    return new URLSearchParams({ ...sas, sig }).toString();
  };
  const status = async (fields: Record<string, string>): Promise<number> =>
    (await ask(serving, `/${name}/?comp=list&${signed(fields)}`)).status;

  test('passes where the fields are sound', async () => {
    for (const se of ['2099-01-01', '2099-01-01T10:00Z', '2099-01-01T10:00:00Z', '2099-01-01T10:00:00.0000000Z'])
      expect(await status({ se })).toBe(200);
    expect(await status({ st: '2020-01-01T00:00:00Z' })).toBe(200);
  });

  test('passes for both protocols', async () => {
    for (const spr of ['', 'https', 'https,http']) expect(await status({ spr })).toBe(200);
  });

  test('of an account replaces no headers: it does not sign them', async () => {
    const path = `/${name}/${containerName}/${encodeURI(blobName(9))}`;
    const asked = `${path}?${signed({})}&rsct=text%2Fhtml&rscd=attachment&rsce=gzip&rscc=no-store&rscl=de`;
    const { status: answered, headers } = await ask(serving, asked);
    expect(answered).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' });
    for (const header of ['content-disposition', 'content-encoding', 'cache-control', 'content-language'])
      expect(headers).not.toHaveProperty(header);
  });

  test.each<[string, Record<string, string>]>([
    ['an end in local time', { se: '2099-01-01T00:00:00' }],
    ['an end in another form', { se: '1 Jan 2099' }],
    ['no end', { se: '' }],
    ['an end that has passed', { se: '2020-01-01' }],
    ['a start in local time', { st: '2020-01-01T00:00:00' }],
    ['a start to come', { st: '2098-01-01T00:00:00Z' }],
    ['no version', { sv: '' }],
    ['an older version', { sv: '2014-02-14' }],
    ['HTTP alone', { spr: 'http' }],
    ['HTTP first', { spr: 'http,https' }],
    ['another protocol', { spr: 'https,ftp' }],
    ['another service', { ss: 'qtf' }],
    ['another kind of resource', { srt: 'o' }],
    ['another permission', { sp: 'wd' }],
    ['an address range of the other family', { sip: '::1' }],
    ['a line feed in a field', { sp: 'r\nl' }],
  ])('is refused with %s', async (_, fields) => {
    expect(await status(fields)).toBe(403);
  });

  test('is refused when it is cut, longer or of another case', async () => {
    const good = signed({});
    const at = (query: string): Promise<number> => ask(serving, `/${name}/?comp=list&${query}`).then((a) => a.status);
    const [rest, sig] = good.split('&sig=');
    for (const other of [sig.slice(0, 8), '', `${sig}AAAA`, sig.toLowerCase(), 'A'.repeat(44)])
      expect(await at(`${rest}&sig=${other}`)).toBe(403);
    expect(await at(good)).toBe(200);
  });
});

test('errors are XML, whatever the path', async () => {
  const headers = { authorization: 'Bearer anything' };
  const paths = [
    'a%01b',
    '%3Cb%3E%26',
    '..%2F..%2Fx',
    '%2e%2e/x',
    'a//b',
    'a%00',
    '%EF%BF%BF',
    'a%5Cb',
    'x'.repeat(2000),
  ];
  for (const path of paths) {
    const answer = await ask(serving, `/${name}/${containerName}/${path}`, { headers });
    expect([400, 404]).toContain(answer.status);
    expect(answer.text).toMatch(/^\ufeff<\?xml[^>]*><Error><Code>\w+<\/Code><Message>[^<>]*<\/Message><\/Error>$/);
    expect(answer.text).not.toMatch(/[\p{Cc}\uffff]/u);
  }
});

test('the log names requests, never their signatures', async () => {
  await ask(serving, `/${name}/?comp=list&sig=SECRETSECRET&sv=2021-12-02`);
  expect(serving.lines.at(-1)).toMatch(new RegExp(`GET /${name}/ 403 \\d+ ms AuthenticationFailed$`));
  expect(serving.lines.join('\n')).not.toContain('SECRET');
});

test('a blob that grows is downloaded whole by one request, in the version that was there', async () => {
  const path = await mkdtemp(join(tmpdir(), 'nsgflow-account-'));
  const account = folderAccount(path, { sync: false });
  const growing = await serveParts({ accounts: [{ name, keys, account, createdMillis: Date.UTC(2026, 10, 22) }] });
  const over = new AbortController();
  try {
    const appender = new BlockAppender(account.container(containerName));
    const block = (i: number): { id: string; bytes: Buffer } => ({
      id: String(i).padStart(32, '0'),
      bytes: Buffer.from(`{"i":${i}}`),
    });
    await appender.append(blobName(9), [block(0)]);
    const grows = (async () => {
      for (let i = 1; !over.signal.aborted; i++) {
        await appender.append(blobName(9), [block(i)]);
        await sleep(20);
      }
    })();
    const service = new BlobServiceClient(`${growing.origin}/${name}`, new StorageSharedKeyCredential(name, keys[0]), {
      tlsOptions: { ca: growing.ca },
      retryOptions: { maxTries: 1 },
    } as object);
    const blob = service.getContainerClient(containerName).getBlobClient(blobName(9));
    const lengths = new Set<number>();
    for (let turn = 0; turn < 150; turn++) {
      const { readableStreamBody } = await blob.download();
      const { records } = JSON.parse(await readText(readableStreamBody!)) as { records: { i: number }[] };
      expect(records.map(({ i }) => i)).toEqual(records.map((_, i) => i));
      lengths.add(records.length);
    }
    expect(lengths.size).toBeGreaterThan(5);
    over.abort();
    await grows;
  } finally {
    over.abort();
    await growing.close();
    await rm(path, { recursive: true, force: true });
  }
});
