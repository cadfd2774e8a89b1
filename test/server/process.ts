import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { StorageManagementClient } from '@azure/arm-storage';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { BlobClient } from '@azure/storage-blob';
import { readEnvironment } from '../../src/server/environment.ts';
import { shellAccess } from '../../src/server/service.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');
const guard = join(import.meta.dirname, 'end-with-parent.mjs');
const startMillisMax = 30_000;

export const subscription = '00000000-0000-0000-0000-000000000000';

/** `nsgflow serve` as a process of its own, on a free port. */
export interface Served {
  readonly origin: string;
  readonly ca: string;
  readonly data: string;
  readonly pid: number;
  /** What a shell of the same user gets. */
  readonly token: string;
  /** Standard error so far. */
  readonly said: () => string;
  /** Ends the process. @returns its exit code, `null` when it was killed */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A folder that outlives the processes on it; `remove` it at the end. */
export async function dataFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'nsgflow-served-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function serve(
  data: string,
  args: readonly string[] = [],
  options: { readonly env?: Readonly<Record<string, string>>; readonly listen?: string } = {},
): Promise<Served> {
  const listen = options.listen ?? '127.0.0.1:0';
  const argv = ['--import', guard, main, 'serve', '--data', data, '--listen', listen, ...args];
  const child: ChildProcess = spawn(process.execPath, argv, {
    env: { ...process.env, AZURE_STORAGE_CONNECTION_STRING: '', NSGFLOW_SECRET: '', ...options.env },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr!.setEncoding('utf8');
  child.stderr!.on('data', (part: string) => (text += part));
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  let isOver = false;
  void exited.then(() => (isOver = true));
  const giveUpMillis = Date.now() + startMillisMax;
  let origin: string | undefined;
  while ((origin = /^listening at (\S+)$/m.exec(text)?.[1]) === undefined) {
    if (isOver || Date.now() > giveUpMillis) {
      child.kill('SIGKILL');
      throw new Error(`nsgflow serve did not start: ${text}`);
    }
    await sleep(20);
  }
  return {
    origin,
    ca: await readFile(join(data, 'tls', 'ca.pem'), 'utf8'),
    data,
    pid: child.pid ?? 0,
    token: (await shellAccess(data, await readEnvironment(data), Date.now)).token,
    said: () => text,
    async end(signal = 'SIGTERM') {
      if (!isOver) child.kill(signal);
      return await exited;
    },
  };
}

/** The official clients, each speaking to the service over HTTPS and trusting its CA alone. */
export function clients(served: Pick<Served, 'origin' | 'ca' | 'token'>) {
  const { token } = served;
  const credential = { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const options = {
    endpoint: served.origin,
    $host: served.origin,
    tlsOptions: { ca: served.ca },
    retryOptions: { maxRetries: 0 },
  };
  return {
    network: new NetworkManagementClient(credential, subscription, options),
    storage: new StorageManagementClient(credential, subscription, options),
    resources: new ResourceManagementClient(credential, subscription, options),
  };
}

export type Clients = ReturnType<typeof clients>;

/** The blob client of an account made here, with its key 1. */
export async function blobClient(
  served: Pick<Served, 'origin' | 'ca'>,
  { storage }: Clients,
  group: string,
  account: string,
): Promise<BlobServiceClient> {
  const { keys } = await storage.storageAccounts.listKeys(group, account);
  const { primaryEndpoints } = await storage.storageAccounts.getProperties(group, account);
  return new BlobServiceClient(
    primaryEndpoints!.blob!.replace(/\/$/, ''),
    new StorageSharedKeyCredential(account, keys![0].value!),
    { tlsOptions: { ca: served.ca }, retryOptions: { maxTries: 1 } } as object,
  );
}

/** All blobs of flow logs in an account: container and name to content. */
export async function downloadAll(service: BlobServiceClient): Promise<Map<string, string>> {
  const blobs = new Map<string, string>();
  for await (const { name } of service.listContainers()) {
    const container = service.getContainerClient(name);
    for await (const blob of container.listBlobsFlat())
      blobs.set(`${name}/${blob.name}`, await downloadGrowing(container.getBlobClient(blob.name)));
  }
  return blobs;
}

/** By one request: `downloadToBuffer` asks for the length first, and so tears a blob that grows between the two. */
async function downloadGrowing(blob: BlobClient): Promise<string> {
  return await text((await blob.download()).readableStreamBody!);
}

/** Asks until the answer is wanted. @throws the last answer as an error, after `millisMax` */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean, millisMax: number): Promise<T> {
  const giveUpMillis = Date.now() + millisMax;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > giveUpMillis) throw new Error(`not within ${millisMax} ms; last: ${JSON.stringify(answer)}`);
    await sleep(200);
  }
}
