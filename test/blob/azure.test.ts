import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { inspect } from 'node:util';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  ContainerSASPermissions,
  StorageSharedKeyCredential,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { openSource, openStorage } from '../../src/blob/open.ts';
import { azuriteSkipped, startAzurite } from './azurite/start.ts';
import type { Azurite } from './azurite/start.ts';
import { bytes, codeOf, collect, containerContract, hourName, id, put, text } from './contract.ts';

const container = 'insights-logs-networksecuritygroupflowevent';

describe.skipIf(azuriteSkipped !== undefined)(
  `Azure Blob Storage, by Azurite${azuriteSkipped === undefined ? '' : ` (skipped: ${azuriteSkipped})`}`,
  () => {
    let azurite: Azurite;
    beforeAll(async () => {
      azurite = await startAzurite();
    }, 600_000);
    afterAll(async () => await azurite?.stop());

    const open = async (
      url = azurite.url,
      connectionString = azurite.connectionString,
    ): ReturnType<typeof openStorage> =>
      await openStorage(url, { environment: { AZURE_STORAGE_CONNECTION_STRING: connectionString } });

    containerContract('azure', { account: open, listedBlobs: 120, largeBytes: 1 << 24 });

    test.skipIf(process.env['NSGFLOW_LONG'] !== '1')(
      'a listing of more blobs than a page holds gives all, and what has changed since, each in less than 15 seconds',
      async () => {
        const many = (await open()).container('many');
        const names = Array.from({ length: 5100 }, (_, n) => `n=${String(n).padStart(5, '0')}`);
        await put(many, names[0], 'x');
        // One request a blob, past the contract's two: the listing is what is tested.
        const client = new BlobServiceClient(azurite.url, new StorageSharedKeyCredential(azurite.account, azurite.key));
        for (let n = 1; n < names.length; n += 16)
          await Promise.all(
            names
              .slice(n, n + 16)
              .map(async (name) => await client.getContainerClient('many').getBlockBlobClient(name).upload('x', 1)),
          );
        const listed = await collect(many.list());
        expect(listed.map((item) => item.name)).toEqual(names);
        const known = new Map(listed.map(({ name, etag }) => [name, etag]));
        await client.getContainerClient('many').getBlockBlobClient(names[77]).upload('y', 1);
        const again = await collect(many.list());
        expect(again.filter(({ name, etag }) => known.get(name) !== etag).map(({ name }) => name)).toEqual([names[77]]);
      },
    );

    test('a wrong key is authentication, and the key is in no message', async () => {
      const wrong = Buffer.from('a wrong key').toString('base64');
      const account = await open(azurite.url, `AccountName=${azurite.account};AccountKey=${wrong}`);
      for (const act of [
        async () => await account.container(container).stageBlock(hourName, id('A'), bytes('x')),
        async () => await account.container(container).properties(hourName),
        async () => await account.container(container).read(hourName),
        async () => await collect(account.container(container).list()),
        async () => await collect(account.containers()),
      ]) {
        const error: unknown = await act().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(error).toBeInstanceOf(FlowError);
        expect((error as FlowError).code).toBe('authentication');
        expect(inspect(error, { depth: 8 })).not.toContain(wrong);
      }
    });

    test('a SAS in the URL opens what it permits, and shows in no message', async () => {
      const credential = new StorageSharedKeyCredential(azurite.account, azurite.key);
      const writer = (await open()).container(container);
      await put(writer, 'a', 'x');
      const readOnly = generateBlobSASQueryParameters(
        {
          containerName: container,
          permissions: ContainerSASPermissions.parse('rl'),
          expiresOn: new Date(Date.now() + 3_600_000),
        },
        credential,
      ).toString();
      const storage = await openStorage(`${azurite.url}/${container}?${readOnly}`, { environment: {} });
      expect(storage.kind).toBe('container');
      expect(storage.location).toBe(`${azurite.url}/${container}`);
      expect(await text(storage.container(container), 'a')).toBe('x');
      expect((await collect(storage.container(container).list())).map((item) => item.name)).toContain('a');
      const signature = new URLSearchParams(readOnly).get('sig') ?? '';
      const error: unknown = await put(storage.container(container), 'b', 'y').catch((error: unknown) => error);
      expect((error as FlowError).code).toBe('permission');
      expect(inspect(error, { depth: 8 })).not.toContain(signature);
      expect(inspect(error, { depth: 8 })).not.toContain(encodeURIComponent(signature));
      const expired = generateAccountSASQueryParameters(
        {
          services: AccountSASServices.parse('b').toString(),
          resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
          permissions: AccountSASPermissions.parse('rwlc'),
          expiresOn: new Date(Date.now() - 3_600_000),
        },
        credential,
      ).toString();
      const old = await openStorage(`${azurite.url}?${expired}`, { environment: {} });
      expect(await codeOf(old.container(container).properties('a'))).toBe('authentication');
    });

    test('a container that its URL names is the only one', async () => {
      const storage = await open(`${azurite.url}/${container}`);
      expect(await collect(storage.containers())).toEqual([container]);
      expect(() => storage.container('insights-logs-flowlogflowevent')).toThrow('is needed');
      await new BlockAppender(storage.container(container)).append('one', [{ id: '0'.repeat(32), bytes: bytes('{}') }]);
      expect(await text(storage.container(container), 'one')).toBe('{"records":[{}]}');
      const blob = await openSource(`${azurite.url}/${container}/one`, {
        environment: { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString },
      });
      expect(await text(blob.container(container), blob.blob ?? '')).toBe('{"records":[{}]}');
    });
  },
);

describe('an account that cannot be reached', () => {
  const key = Buffer.from('key').toString('base64');
  const environment = { AZURE_STORAGE_CONNECTION_STRING: `AccountName=devstoreaccount1;AccountKey=${key}` };

  test('is unavailable when the connection is refused', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const storage = await openStorage(`http://127.0.0.1:${port}/devstoreaccount1`, { environment });
    await expect(storage.container(container).stageBlock('a', id('A'), bytes('x'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  test('is unavailable within seconds when its name is not known', async () => {
    const storage = await openStorage('https://nsgflow0nowhere.blob.core.invalid', {
      environment: { AZURE_STORAGE_CONNECTION_STRING: `AccountName=nsgflow0nowhere;AccountKey=${key}` },
    });
    expect(await codeOf(storage.container(container).properties('a'))).toBe('unavailable');
  });

  test.skipIf(process.env['NSGFLOW_LONG'] !== '1')(
    'is unavailable within half a minute when it never answers',
    async () => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
      await new Promise((resolve) => silent.once('listening', resolve));
      const { port } = silent.address() as AddressInfo;
      const storage = await openStorage(`http://127.0.0.1:${port}/devstoreaccount1`, { environment });
      const asked = storage.container(container);
      const codes = await Promise.all([
        codeOf(asked.properties('a')),
        codeOf(asked.read('a')),
        codeOf(collect(asked.list())),
      ]);
      expect(codes).toEqual(['unavailable', 'unavailable', 'unavailable']);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    },
  );
});
