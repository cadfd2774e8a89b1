import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clients, dataFolder, serve, subscription } from './process.ts';
import type { Clients, Served } from './process.ts';
import { ask } from './serving.ts';

/** What clients read and make below a storage account, through the official clients, and what then lies in the account's folder. */
const location = 'westeurope';
const group = 'rg-services';
const account = 'stservices';

let data: Awaited<ReturnType<typeof dataFolder>>;
let served: Served;
let sdk: Clients;
let folder: string;

async function names(things: AsyncIterable<{ name?: string | undefined }>): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for await (const { name } of things) all.push(name);
  return all;
}

function withSas(token: string): BlobServiceClient {
  const url = `${served.origin}/${account}?${token}`;
  return new BlobServiceClient(url, undefined, {
    tlsOptions: { ca: served.ca },
    retryOptions: { maxTries: 1 },
  } as object);
}

beforeAll(async () => {
  data = await dataFolder();
  served = await serve(data.path, ['--no-ingest']);
  sdk = clients(served);
  folder = join(data.path, 'accounts', account);
  await sdk.resources.resourceGroups.createOrUpdate(group, { location, tags: { team: 'net' } });
  await sdk.storage.storageAccounts.create(group, account, {
    location,
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS' },
  });
});

afterAll(async () => {
  await served.end('SIGKILL');
  await data.remove();
});

describe('the blob service', () => {
  test('has defaults, and keeps what is set', async () => {
    const { blobServices } = sdk.storage;
    const shown = await blobServices.getServiceProperties(group, account);
    expect(shown).toMatchObject({
      name: 'default',
      sku: { name: 'Standard_LRS' },
      deleteRetentionPolicy: { enabled: false },
      cors: { corsRules: [] },
    });
    await blobServices.setServiceProperties(group, account, {
      isVersioningEnabled: true,
      deleteRetentionPolicy: { enabled: true, days: 7 },
    });
    expect(await blobServices.getServiceProperties(group, account)).toMatchObject({
      isVersioningEnabled: true,
      deleteRetentionPolicy: { enabled: true, days: 7 },
    });
    expect(await names(blobServices.list(group, account))).toEqual(['default']);
  });

  test('has the containers that are in the folder, and no others', async () => {
    const { blobContainers } = sdk.storage;
    expect(await names(blobContainers.list(group, account))).toEqual([]);
    const made = await blobContainers.create(group, account, 'made-here', { metadata: { a: 'b' } });
    expect(made.id).toContain(`/storageAccounts/${account}/blobServices/default/containers/made-here`);
    expect(await readdir(folder)).toContain('made-here');
    await blobContainers.create(group, account, 'made-here', { metadata: { a: 'c' } });
    expect(await blobContainers.get(group, account, 'made-here')).toMatchObject({
      metadata: { a: 'c' },
      publicAccess: 'None',
      leaseState: 'Available',
    });
    await mkdir(join(folder, 'by-another'));
    await writeFile(join(folder, 'by-another', 'blob'), 'x');
    expect(await names(blobContainers.list(group, account))).toEqual(['by-another', 'made-here']);
    expect((await blobContainers.get(group, account, 'by-another')).name).toBe('by-another');
    await blobContainers.delete(group, account, 'by-another');
    expect(await readdir(folder)).not.toContain('by-another');
    await expect(blobContainers.get(group, account, 'by-another')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ContainerNotFound',
    });
    await blobContainers.delete(group, account, 'by-another');
    for (const bad of ['Upper', 'a--b', 'no_underscores'])
      await expect(blobContainers.create(group, account, bad, {})).rejects.toMatchObject({ statusCode: 400 });
    await expect(blobContainers.create(group, 'noaccount', 'abc', {})).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('signatures', () => {
  const expiry = { sharedAccessExpiryTime: new Date(Date.now() + 600_000) };

  test('of the account and of a container pass, as far as they go', async () => {
    const { storageAccounts } = sdk.storage;
    await mkdir(join(folder, 'logs'));
    await writeFile(join(folder, 'logs', 'one.json'), '{"records":[]}');
    for (const keyToSign of ['key1', 'key2']) {
      const { accountSasToken } = await storageAccounts.listAccountSAS(group, account, {
        ...expiry,
        keyToSign,
        services: 'b',
        resourceTypes: 'sco',
        permissions: 'rl',
        protocols: 'https',
      });
      const all = withSas(accountSasToken!);
      expect(await names(all.listContainers())).toContain('logs');
      expect((await all.getContainerClient('logs').getBlobClient('one.json').downloadToBuffer()).toString()).toBe(
        '{"records":[]}',
      );
    }
    const { serviceSasToken } = await storageAccounts.listServiceSAS(group, account, {
      ...expiry,
      canonicalizedResource: `/blob/${account}/logs`,
      resource: 'c',
      permissions: 'rl',
      contentType: 'application/json',
    });
    const one = withSas(serviceSasToken!);
    expect(await names(one.getContainerClient('logs').listBlobsFlat())).toEqual(['one.json']);
    expect((await one.getContainerClient('logs').getBlobClient('one.json').download()).contentType).toBe(
      'application/json',
    );
    await expect(names(one.getContainerClient('made-here').listBlobsFlat())).rejects.toMatchObject({ statusCode: 403 });
    const { serviceSasToken: blob } = await storageAccounts.listServiceSAS(group, account, {
      ...expiry,
      canonicalizedResource: `/blob/${account}/logs/one.json`,
      resource: 'b',
      permissions: 'r',
    });
    expect(
      (await withSas(blob!).getContainerClient('logs').getBlobClient('one.json').getProperties()).contentLength,
    ).toBe(14);
    await expect(names(withSas(blob!).getContainerClient('logs').listBlobsFlat())).rejects.toMatchObject({
      statusCode: 403,
    });
  });

  test.each([
    ['another account', { canonicalizedResource: '/blob/other/logs', resource: 'c', permissions: 'r' }],
    ['another service', { canonicalizedResource: `/file/${account}/logs`, resource: 'c', permissions: 'r' }],
    [
      'a blob where a container is meant',
      { canonicalizedResource: `/blob/${account}/logs/a`, resource: 'c', permissions: 'r' },
    ],
    [
      'a stored access policy',
      { canonicalizedResource: `/blob/${account}/logs`, resource: 'c', permissions: 'r', identifier: 'mine' },
    ],
    ['no permission', { canonicalizedResource: `/blob/${account}/logs`, resource: 'c' }],
    [
      'a third key',
      { canonicalizedResource: `/blob/${account}/logs`, resource: 'c', permissions: 'r', keyToSign: 'key3' },
    ],
    [
      'a line feed',
      { canonicalizedResource: `/blob/${account}/logs`, resource: 'c', permissions: 'r', contentType: 'a\nb' },
    ],
  ])('of %s are refused', async (_, asked) => {
    await expect(
      sdk.storage.storageAccounts.listServiceSAS(group, account, { ...expiry, ...asked }),
    ).rejects.toMatchObject({ statusCode: 400, code: 'InvalidValuesForRequestParameters' });
  });
});

describe('what else is read of an account', () => {
  test('the lifecycle policy', async () => {
    const { managementPolicies } = sdk.storage;
    await expect(managementPolicies.get(group, account, 'default')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ManagementPolicyNotFound',
    });
    const rules = [
      {
        name: 'old',
        enabled: true,
        type: 'Lifecycle',
        definition: { actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } } },
      },
    ];
    await managementPolicies.createOrUpdate(group, account, 'default', { policy: { rules } });
    expect((await managementPolicies.get(group, account, 'default')).policy!.rules).toEqual(rules);
    await managementPolicies.delete(group, account, 'default');
    await expect(managementPolicies.get(group, account, 'default')).rejects.toMatchObject({ statusCode: 404 });
  });

  test('file service, queues and SKUs', async () => {
    const { fileServices, queueServices, tableServices, skus } = sdk.storage;
    expect((await fileServices.getServiceProperties(group, account)).name).toBe('default');
    await expect(queueServices.getServiceProperties(group, account)).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    await expect(tableServices.getServiceProperties(group, account)).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    await sdk.storage.storageAccounts.create(group, 'stpremium', {
      location,
      kind: 'BlockBlobStorage',
      sku: { name: 'Premium_LRS' },
    });
    await expect(fileServices.getServiceProperties(group, 'stpremium')).rejects.toMatchObject({
      code: 'FeatureNotSupportedForAccount',
    });
    expect(await names(skus.list())).toContain('Standard_LRS');
    await sdk.storage.storageAccounts.delete(group, 'stpremium');
  });
});

test('a template makes containers, and their operations are at the older path, too', async () => {
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [
      {
        type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
        apiVersion: '2023-01-01',
        name: `${account}/default/from-template`,
      },
      {
        type: 'Microsoft.Storage/storageAccounts/blobServices',
        apiVersion: '2023-01-01',
        name: `${account}/default`,
        properties: { isVersioningEnabled: false },
      },
    ],
  };
  const path = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Resources/deployments/story`;
  const version = 'api-version=2022-09-01';
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ properties: { mode: 'Incremental', template } });
  const made = await ask(served, `${path}?${version}`, { method: 'PUT', headers, body });
  expect([made.status, made.text]).toEqual([201, expect.stringContaining('Succeeded')]);
  expect(await readdir(folder)).toContain('from-template');
  const older = path.replace('/providers/Microsoft.Resources', '').replace('resourceGroups', 'resourcegroups');
  const { text } = await ask(served, `${older}/operations?${version}`, { headers });
  const { value } = JSON.parse(text) as { value: { properties: { targetResource: { resourceType: string } } }[] };
  expect(value.map(({ properties }) => properties.targetResource.resourceType)).toContain(
    'Microsoft.Storage/storageAccounts/blobServices/containers',
  );
  expect(value).toHaveLength(2);
});

test('lists are filtered', async () => {
  const { resources, resourceGroups } = sdk.resources;
  expect(await names(resources.list({ filter: `name eq '${account}'` }))).toEqual([account]);
  expect(await names(resources.list({ filter: "tagName eq 'no'" }))).toEqual([]);
  expect(await names(resourceGroups.list({ filter: "tagName eq 'team' and tagValue eq 'net'" }))).toEqual([group]);
  await expect(names(resources.list({ filter: 'nonsense' }))).rejects.toMatchObject({
    code: 'InvalidFilterInQueryString',
  });
  await expect(names(resourceGroups.list({ filter: `name eq '${group}'` }))).rejects.toMatchObject({ statusCode: 400 });
});

test('a network watcher is deleted, and made again', async () => {
  const { networkWatchers } = sdk.network;
  await sdk.network.networkSecurityGroups.beginCreateOrUpdateAndWait(
    group,
    'nsg',
    { location },
    { updateIntervalInMs: 50 },
  );
  await networkWatchers.beginDeleteAndWait('NetworkWatcherRG', `NetworkWatcher_${location}`, {
    updateIntervalInMs: 50,
  });
  expect(await names(networkWatchers.listAll())).toEqual([]);
  await networkWatchers.createOrUpdate('NetworkWatcherRG', `NetworkWatcher_${location}`, { location });
});
