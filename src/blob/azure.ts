import { BlobServiceClient, RestError, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { BlockBlobClient, ContainerClient, StoragePipelineOptions } from '@azure/storage-blob';
import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import { azureError, failureCode, isMissing } from './azure-error.ts';
import type { AzureTarget } from './azure-target.ts';
import type { Account, BlobContent, BlobItem, BlockList, Container } from './container.ts';
import { checkBlobName, isContainerName } from './name.ts';
import { withRetries } from './retry.ts';

/**
 * Containers of Azure Blob Storage, or of an emulator, through `@azure/storage-blob`. Loading that package takes a
 * third of a second, so `open.ts` imports this file only for URLs.
 */

/** Time limit of an operation with its retries, in addition to the time for its bytes at the slowest rate. */
const operationMillisMax = 20_000;
const slowestBytesPerMilli = 100;
/** A download ends after this time without data; after an hour in any case. */
const silenceMillisMax = 20_000;
const downloadMillisMax = 3_600_000;
const pageBlobs = 5000;

/** Retries are in retry.ts. */
const clientOptions: StoragePipelineOptions = {
  retryOptions: { maxTries: 1 },
  userAgentOptions: { userAgentPrefix: 'nsgflow' },
};

/**
 * The account of `target`. Sends no request yet.
 * @throws authentication if there is no credential and none can be found
 */
export async function azureAccount(target: AzureTarget): Promise<Account> {
  const service = await serviceClient(target);
  const containers = new Map<string, Container>();
  return {
    location: target.accountUrl,
    container(name) {
      checkContainerName(name);
      let container = containers.get(name);
      if (container === undefined) {
        container = new AzureContainer(service.getContainerClient(name), `${target.accountUrl}/${name}`);
        containers.set(name, container);
      }
      return container;
    },
    async *containers() {
      try {
        for (let token: string | undefined = ''; token !== undefined;) {
          const settings = pageSettings(token);
          const page = await withRetries(operationMillisMax, async (abortSignal) =>
            firstOf(service.listContainers({ abortSignal }).byPage(settings)),
          );
          yield* page.containerItems.map((item) => item.name).filter(isContainerName);
          token = page.continuationToken === '' ? undefined : page.continuationToken;
        }
      } catch (error) {
        throw azureError(error, `list the containers of ${target.accountUrl}`);
      }
    },
    async makeContainer(name) {
      checkContainerName(name);
      try {
        const made = await withRetries(operationMillisMax, async (abortSignal) =>
          service.getContainerClient(name).createIfNotExists({ abortSignal }),
        );
        return made.succeeded;
      } catch (error) {
        throw azureError(error, `create the container ${name} of ${target.accountUrl}`);
      }
    },
    async removeContainer(name) {
      checkContainerName(name);
      try {
        const removed = await withRetries(operationMillisMax, async (abortSignal) =>
          service.getContainerClient(name).deleteIfExists({ abortSignal }),
        );
        return removed.succeeded;
      } catch (error) {
        throw azureError(error, `delete the container ${name} of ${target.accountUrl}`);
      }
    },
  };
}

function checkContainerName(name: string): void {
  if (!isContainerName(name)) throw new FlowError('usage', `${JSON.stringify(name)} is not a valid container name`);
}

async function serviceClient(target: AzureTarget): Promise<BlobServiceClient> {
  const { accountUrl, account, sas, key } = target;
  if (sas !== undefined) return new BlobServiceClient(`${accountUrl}?${sas}`, undefined, clientOptions);
  if (key !== undefined)
    return new BlobServiceClient(accountUrl, new StorageSharedKeyCredential(account, key), clientOptions);
  if (!accountUrl.startsWith('https:'))
    throw new FlowError('authentication', `there is no credential for ${accountUrl}`, {
      hint: 'Set AZURE_STORAGE_CONNECTION_STRING or put a SAS into the URL; a token is sent over https only.',
    });
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new BlobServiceClient(accountUrl, new DefaultAzureCredential(), clientOptions);
}

class AzureContainer implements Container {
  readonly location: string;
  readonly name: string;
  readonly #client: ContainerClient;

  constructor(client: ContainerClient, location: string) {
    this.location = location;
    this.name = client.containerName;
    this.#client = client;
  }

  async *list(prefix = ''): AsyncGenerator<BlobItem> {
    try {
      for (let token: string | undefined = ''; token !== undefined;) {
        const settings = pageSettings(token);
        const page = await withRetries(operationMillisMax, async (abortSignal) =>
          firstOf(this.#client.listBlobsFlat({ prefix, abortSignal }).byPage(settings)),
        );
        for (const { name, properties } of page.segment.blobItems) yield itemOf(name, properties);
        token = page.continuationToken === '' ? undefined : page.continuationToken;
      }
    } catch (error) {
      if (isMissing(error))
        throw new FlowError('not-found', `there is no container ${this.location}`, { cause: error });
      throw azureError(error, `list ${this.location}`);
    }
  }

  async *children(prefix: string): AsyncGenerator<BlobItem | string> {
    try {
      for (let token: string | undefined = ''; token !== undefined;) {
        const settings = pageSettings(token);
        const page = await withRetries(operationMillisMax, async (abortSignal) =>
          firstOf(this.#client.listBlobsByHierarchy('/', { prefix, abortSignal }).byPage(settings)),
        );
        yield* (page.segment.blobPrefixes ?? []).map((folder) => folder.name);
        for (const { name, properties } of page.segment.blobItems) yield itemOf(name, properties);
        token = page.continuationToken === '' ? undefined : page.continuationToken;
      }
    } catch (error) {
      if (isMissing(error))
        throw new FlowError('not-found', `there is no container ${this.location}`, { cause: error });
      throw azureError(error, `list ${this.location}`);
    }
  }

  async properties(name: string): Promise<BlobItem | undefined> {
    try {
      const { contentLength, etag, lastModified, createdOn, accessTier } = await withRetries(
        operationMillisMax,
        async (abortSignal) => await this.#blob(name).getProperties({ abortSignal }),
      );
      return {
        name,
        lengthBytes: contentLength ?? 0,
        etag: quoted(etag),
        lastModifiedMillis: lastModified?.getTime() ?? 0,
        ...createdAt(createdOn),
        ...archivedBy(accessTier),
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw azureError(error, `read ${this.#label(name)}`);
    }
  }

  async read(name: string, start = 0, end = Number.POSITIVE_INFINITY): Promise<BlobContent> {
    if (end > start) {
      try {
        return await download(this.#blob(name), start, end);
      } catch (error) {
        if (isMissing(error))
          throw new FlowError('not-found', `there is no blob ${this.#label(name)}`, { cause: error });
        if (failureCode(error) !== 'InvalidRange') throw azureError(error, `read ${this.#label(name)}`);
      }
    }
    const properties = await this.properties(name);
    if (properties === undefined) throw new FlowError('not-found', `there is no blob ${this.#label(name)}`);
    return { bytes: new Uint8Array(0), etag: properties.etag };
  }

  async blocks(name: string): Promise<BlockList | undefined> {
    try {
      const list = await withRetries(
        operationMillisMax,
        async (abortSignal) => await this.#blob(name).getBlockList('committed', { abortSignal }),
      );
      const blocks = (list.committedBlocks ?? []).map((block) => ({ id: block.name, lengthBytes: block.size }));
      // Blocks that are only staged are not a blob: Azure then returns no ETag, Azurite returns one.
      if (list.etag === undefined) return undefined;
      if (blocks.length > 0) return { blocks, etag: quoted(list.etag) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (failureCode(error) !== 'InvalidBlobType') throw azureError(error, `read ${this.#label(name)}`);
    }
    const properties = await this.properties(name);
    return properties && { blocks: [], etag: properties.etag };
  }

  async stageBlock(name: string, id: string, bytes: Uint8Array): Promise<void> {
    checkBlobName(name);
    const limitMillis = operationMillisMax + Math.ceil(bytes.length / slowestBytesPerMilli);
    const stage = async (): Promise<void> =>
      await withRetries(limitMillis, async (abortSignal) => {
        await this.#blob(name).stageBlock(id, bytes, bytes.length, { abortSignal });
      });
    await this.#creatingContainer(stage, `write ${this.#label(name)}`);
  }

  async commitBlocks(name: string, ids: readonly string[], etag: string | undefined): Promise<{ etag: string }> {
    checkBlobName(name);
    const conditions = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
    try {
      const done = await withRetries(
        operationMillisMax,
        async (abortSignal) => await this.#blob(name).commitBlockList([...ids], { conditions, abortSignal }),
      );
      return { etag: quoted(done.etag) };
    } catch (error) {
      if (isMissing(error))
        throw new FlowError('blob-conflict', `the blob ${this.#label(name)} was deleted by another writer`, {
          cause: error,
        });
      throw azureError(error, `write ${this.#label(name)}`);
    }
  }

  async delete(name: string, etag?: string): Promise<boolean> {
    try {
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      await withRetries(
        operationMillisMax,
        async (abortSignal) => await this.#blob(name).delete({ conditions, abortSignal }),
      );
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      // For a missing blob, storage reports the ETag mismatch first.
      if (etag !== undefined && failureCode(error) === 'ConditionNotMet' && (await this.properties(name)) === undefined)
        return false;
      throw azureError(error, `delete ${this.#label(name)}`);
    }
  }

  /** Runs `act`. If the container is missing, creates it and runs `act` again. */
  async #creatingContainer(act: () => Promise<void>, doing: string): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (failureCode(error) !== 'ContainerNotFound') throw azureError(error, doing);
      try {
        await this.#client.createIfNotExists({ abortSignal: AbortSignal.timeout(operationMillisMax) });
        await act();
      } catch (second) {
        throw azureError(second, doing);
      }
    }
  }

  #blob(name: string): BlockBlobClient {
    return this.#client.getBlockBlobClient(name);
  }

  #label(name: string): string {
    return `${this.location}/${name}`;
  }
}

/** Downloads bytes `start` to `end`. After a broken connection it resumes, as long as the blob has not changed. */
async function download(blob: BlockBlobClient, start: number, end: number): Promise<BlobContent> {
  let chunks: Uint8Array[] = [];
  let got = 0;
  let etag: string | undefined;
  const attempt = async (): Promise<void> => {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), silenceMillisMax);
    try {
      const response = await blob.download(start + got, Number.isFinite(end) ? end - start - got : undefined, {
        abortSignal: stop.signal,
        maxRetryRequests: 0,
        ...(etag === undefined ? {} : { conditions: { ifMatch: etag } }),
      });
      etag = quoted(response.etag);
      for await (const chunk of response.readableStreamBody ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), silenceMillisMax);
        chunks.push(chunk as Uint8Array);
        got += (chunk as Uint8Array).length;
      }
    } catch (error) {
      // The client reports a broken connection as aborted, as it does for our own abort.
      if ((error as Error).name === 'AbortError' && !stop.signal.aborted)
        throw new RestError('the connection was closed', { code: 'ECONNRESET' });
      if (etag === undefined || failureCode(error) !== 'ConditionNotMet') throw error;
      chunks = [];
      got = 0;
      etag = undefined;
      await attempt();
    } finally {
      clearTimeout(timer);
    }
  };
  await withRetries(downloadMillisMax, attempt);
  return { bytes: Buffer.concat(chunks), etag: quoted(etag) };
}

function pageSettings(token: string): { maxPageSize: number; continuationToken?: string } {
  return token === '' ? { maxPageSize: pageBlobs } : { maxPageSize: pageBlobs, continuationToken: token };
}

interface ListedProperties {
  readonly contentLength?: number;
  readonly etag: string;
  readonly lastModified: Date;
  readonly createdOn?: Date;
  readonly accessTier?: string;
}

function itemOf(name: string, properties: ListedProperties): BlobItem {
  return {
    name,
    lengthBytes: properties.contentLength ?? 0,
    etag: quoted(properties.etag),
    lastModifiedMillis: properties.lastModified.getTime(),
    ...createdAt(properties.createdOn),
    ...archivedBy(properties.accessTier),
  };
}

/** A blob that is being rehydrated also has the tier `Archive`, until it can be read. */
function archivedBy(accessTier: string | undefined): { archived?: true } {
  return accessTier === 'Archive' ? { archived: true } : {};
}

function createdAt(createdOn: Date | undefined): { createdMillis?: number } {
  return createdOn === undefined ? {} : { createdMillis: createdOn.getTime() };
}

/** Requests each page with a call of its own, because a time limit applies to one call. */
async function firstOf<T>(pages: AsyncIterableIterator<T>): Promise<T> {
  const { value, done } = await pages.next();
  assert(done !== true, 'a listing has a first page');
  return value;
}

/** Adds the quotes to an ETag: listings omit them, headers have them. */
function quoted(etag: string | undefined): string {
  assert(etag !== undefined, 'the service gives every blob an ETag');
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
