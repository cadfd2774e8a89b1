/**
 * The Blob REST API of the local storage accounts, read-only: `/{account}`, `/{account}/{container}`,
 * `/{account}/{container}/{blob}`. Source: Azure Storage, "Blob service REST API"; docs/reference/serve.md lists the operations.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FlowError } from '../../base/errors.ts';
import type { Account, BlobItem, Container } from '../../blob/container.ts';
import { isContainerName } from '../../blob/name.ts';
import type { Tokens } from '../tokens.ts';
import { authorize } from '../storage/authorize.ts';
import { checkConditions, readRange } from '../storage/conditions.ts';
import { listPage, pageItemsMax } from '../storage/list-page.ts';
import type { CommonPrefix, ListPage, ListRequest } from '../storage/list-page.ts';
import { StorageError, storageErrorBody } from '../storage/storage-error.ts';
import type { Xml } from '../storage/xml.ts';
import { isXmlText, xmlDocument, xmlElement } from '../storage/xml.ts';

/** A storage account of the control plane, and its containers. */
export interface ServedAccount {
  /** In lower case. */
  readonly name: string;
  /** Keys 1 and 2, base64. */
  readonly keys: readonly string[];
  readonly account: Account;
  /** Creation time of the resource. */
  readonly createdMillis: number;
}

export interface StorageRouteSettings {
  readonly tokens: Tokens;
  readonly origin: () => string;
  readonly challenge: () => string;
  /** Called for unexpected failures of a request. */
  readonly onFault: (error: unknown) => void;
  readonly now: () => number;
  /** The account with this name; `undefined` if there is none. */
  readonly accountOf: (name: string) => ServedAccount | undefined;
}

/** The newest version of the API that is supported. */
const serviceVersion = '2021-12-02';
/** Bytes of a response body held together; longer ones are read in pieces. */
const pieceBytes = 4 << 20;
/** Attempts to read properties and first bytes of one version of a blob that grows. */
const getTurnsMax = 10;
/** Longest range with a checksum. Source: Azure Storage, "Get Blob". */
const checkedBytesMax = 4 << 20;

/** The part of an account that a request addresses. */
interface Place {
  readonly account: ServedAccount;
  readonly containerName: string | undefined;
  readonly blob: string | undefined;
}

interface Call extends Place {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly query: URLSearchParams;
  readonly settings: StorageRouteSettings;
  /** Response headers that the signature requires. */
  readonly signedHeaders: Readonly<Record<string, string>>;
}

/** The account in a path, if it exists. */
export function accountOfPath(url: string, settings: StorageRouteSettings): ServedAccount | undefined {
  const name = /^\/([a-z0-9]{3,24})(?:[/?]|$)/.exec(url)?.[1];
  return name === undefined ? undefined : settings.accountOf(name);
}

/** Answers a request to an account. */
export async function answerStorage(
  request: FastifyRequest,
  reply: FastifyReply,
  account: ServedAccount,
  settings: StorageRouteSettings,
): Promise<FastifyReply> {
  const clientId = request.headers['x-ms-client-request-id'];
  void reply.headers({
    server: 'nsgflow',
    'x-ms-version': String(request.headers['x-ms-version'] ?? serviceVersion).replace(/[^\d-]/g, ''),
    ...(typeof clientId === 'string' && clientId.length <= 1024 ? { 'x-ms-client-request-id': clientId } : {}),
  });
  try {
    const [path, search = ''] = splitOnce(request.originalUrl.replace(/^\/{2,}/, '/'), '?');
    const query = new URLSearchParams(search);
    const place = readPlace(path, account);
    const operation = operationOf(request.method, place, query);
    const headers = await authorize(
      { method: request.method, path, query, headers: request.headers },
      {
        account: account.name,
        keys: account.keys,
        container: place.containerName,
        blob: place.blob,
        access: operation === listBlobs || operation === listContainers ? 'list' : 'read',
        clientAddress: request.ip,
        nowMillis: settings.now(),
      },
      settings.tokens,
      settings.challenge(),
    );
    await operation({ ...place, request, reply, query, settings, signedHeaders: headers });
    return reply;
  } catch (error) {
    return answerStorageFailure(error, request, reply, settings.onFault);
  }
}

function answerStorageFailure(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onFault: (error: unknown) => void,
): FastifyReply {
  const failure = describeStorageFailure(error, onFault);
  void reply.code(failure.status).headers({ ...failure.headers, 'x-ms-error-code': failure.code });
  if (request.method === 'HEAD' || failure.status === 304) return reply.send();
  return reply.type('application/xml').send(storageErrorBody(failure));
}

function describeStorageFailure(error: unknown, onFault: (error: unknown) => void): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof FlowError) {
    if (error.code === 'not-found') return new StorageError(404, 'BlobNotFound', 'The specified blob does not exist.');
    if (error.code === 'usage') return new StorageError(400, 'InvalidResourceName', error.message);
    if (error.code === 'unavailable') return new StorageError(503, 'ServerBusy', error.message);
  }
  onFault(error);
  return new StorageError(500, 'InternalError', 'The server encountered an internal error. Please retry the request.');
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** @throws StorageError 400 */
function readPlace(path: string, account: ServedAccount): Place {
  let parts: string[];
  try {
    parts = path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new StorageError(400, 'InvalidUri', 'The requested URI does not represent any resource on the server.');
  }
  const [, containerName, ...rest] = parts;
  if (containerName === undefined || containerName === '')
    return { account, containerName: undefined, blob: undefined };
  if (!isContainerName(containerName))
    throw new StorageError(400, 'InvalidResourceName', 'The specified resource name contains invalid characters.');
  const blob = rest.join('/');
  return { account, containerName, blob: blob === '' ? undefined : blob };
}

type Operation = (call: Call) => void | Promise<void>;

/** @throws StorageError 400, 405 */
function operationOf(method: string, { containerName, blob }: Place, query: URLSearchParams): Operation {
  const isHead = method === 'HEAD';
  if (method !== 'GET' && !isHead)
    throw new StorageError(405, 'UnsupportedHttpVerb', 'Only nsgflow writes this account; it is read-only.', {
      allow: 'GET, HEAD',
    });
  const comp = query.get('comp') ?? '';
  const restype = query.get('restype') ?? '';
  if (restype === 'account' && comp === 'properties') return accountInformation;
  if (containerName === undefined) {
    if (comp === 'list') return listContainers;
    if (restype === 'service' && comp === 'properties') return serviceProperties;
  } else if (blob === undefined) {
    if (restype === 'container' && comp === 'list') return listBlobs;
    if (restype === 'container' && (comp === '' || comp === 'metadata')) return containerProperties;
  } else {
    if (comp === 'blocklist') return blockList;
    if (comp === 'metadata') return blobProperties;
    if (comp === '') return isHead ? blobProperties : getBlob;
  }
  throw new StorageError(
    400,
    'InvalidQueryParameterValue',
    'This operation is not supported: see docs/reference/serve.md.',
  );
}

function accountInformation({ reply }: Call): void {
  void reply.headers({
    'x-ms-sku-name': 'Standard_LRS',
    'x-ms-account-kind': 'StorageV2',
    'x-ms-is-hns-enabled': 'false',
  });
  void reply.code(200).send();
}

function serviceProperties({ reply }: Call): void {
  const off = [xmlElement('Enabled', 'false')];
  sendXml(
    reply,
    xmlElement('StorageServiceProperties', [
      xmlElement('Logging', [
        xmlElement('Version', '1.0'),
        xmlElement('Delete', 'false'),
        xmlElement('Read', 'false'),
        xmlElement('Write', 'false'),
        xmlElement('RetentionPolicy', off),
      ]),
      xmlElement('DeleteRetentionPolicy', off),
      xmlElement('StaticWebsite', off),
    ]),
  );
}

async function listContainers({ account, query, reply, settings }: Call): Promise<void> {
  const request = listRequest(query);
  const names = async function* (): AsyncGenerator<{ name: string }> {
    try {
      for await (const name of account.account.containers()) if (name.startsWith(request.prefix)) yield { name };
    } catch (error) {
      if (!(error instanceof FlowError && error.code === 'not-found')) throw error;
    }
  };
  const page = whole(await listPage(names(), { ...request, delimiter: '' }));
  const modified = new Date(account.createdMillis).toUTCString();
  const containers = page.items.map((item) =>
    xmlElement('Container', [
      xmlElement('Name', 'name' in item ? item.name : item.prefix),
      xmlElement('Properties', [
        xmlElement('Last-Modified', modified),
        xmlElement('Etag', containerEtag(account)),
        xmlElement('LeaseStatus', 'unlocked'),
        xmlElement('LeaseState', 'available'),
        xmlElement('HasImmutabilityPolicy', 'false'),
        xmlElement('HasLegalHold', 'false'),
      ]),
    ]),
  );
  sendXml(
    reply,
    xmlElement('EnumerationResults', [...listHead(query), xmlElement('Containers', containers), nextMarker(page)], {
      ServiceEndpoint: `${settings.origin()}/${account.name}/`,
    }),
  );
}

async function listBlobs(call: Call): Promise<void> {
  const { account, query, reply, settings } = call;
  const container = await requireContainer(call);
  const request = listRequest(query);
  const things = request.delimiter === '/' ? childrenOf(container, request.prefix) : container.list(request.prefix);
  const page = whole(await listPage(things, request));
  sendXml(
    reply,
    xmlElement(
      'EnumerationResults',
      [...listHead(query), xmlElement('Blobs', page.items.map(listedItem)), nextMarker(page)],
      {
        ServiceEndpoint: `${settings.origin()}/${account.name}/`,
        ContainerName: container.name,
      },
    ),
  );
}

/** The entries directly in the prefix's folder, far fewer than all below it. */
async function* childrenOf(container: Container, prefix: string): AsyncGenerator<BlobItem> {
  for await (const child of container.children(prefix.slice(0, prefix.lastIndexOf('/') + 1))) {
    const item = typeof child === 'string' ? { ...folderItem, name: child } : child;
    if (item.name.startsWith(prefix)) yield item;
  }
}

/** A folder's name ends in the delimiter, so that it becomes a prefix; its other fields are not used. */
const folderItem = { lengthBytes: 0, etag: '', lastModifiedMillis: 0 };

function listedItem(item: BlobItem | CommonPrefix): Xml {
  if ('prefix' in item) return xmlElement('BlobPrefix', [nameElement(item.prefix)]);
  const modified = new Date(item.lastModifiedMillis).toUTCString();
  return xmlElement('Blob', [
    nameElement(item.name),
    xmlElement('Properties', [
      xmlElement('Creation-Time', createdText(item)),
      xmlElement('Last-Modified', modified),
      xmlElement('Etag', item.etag.replaceAll('"', '')),
      xmlElement('Content-Length', String(item.lengthBytes)),
      xmlElement('Content-Type', contentType),
      xmlElement('BlobType', 'BlockBlob'),
      xmlElement('AccessTier', 'Hot'),
      xmlElement('AccessTierInferred', 'true'),
      xmlElement('LeaseStatus', 'unlocked'),
      xmlElement('LeaseState', 'available'),
      xmlElement('ServerEncrypted', 'true'),
    ]),
  ]);
}

/** The creation time, or the last change if the file system does not report it. */
function createdText({ createdMillis, lastModifiedMillis }: BlobItem): string {
  return new Date(createdMillis ?? lastModifiedMillis).toUTCString();
}

/**
 * Names that XML cannot contain are escaped and marked. Source: Azure Storage, "List Blobs", from version 2021-02-12
 * on.
 */
function nameElement(name: string): Xml {
  return isXmlText(name) ? xmlElement('Name', name) : xmlElement('Name', encodeURIComponent(name), { Encoded: 'true' });
}

async function containerProperties(call: Call): Promise<void> {
  await requireContainer(call);
  const { account, reply } = call;
  void reply
    .code(200)
    .headers({
      etag: `"${containerEtag(account)}"`,
      'last-modified': new Date(account.createdMillis).toUTCString(),
      'x-ms-lease-status': 'unlocked',
      'x-ms-lease-state': 'available',
      'x-ms-has-immutability-policy': 'false',
      'x-ms-has-legal-hold': 'false',
    })
    .send();
}

const contentType = 'application/octet-stream';

async function blobProperties(call: Call): Promise<void> {
  const { blob, headers } = await readBlob(call);
  await call.reply
    .code(200)
    .headers({ ...headers, 'content-length': String(blob.lengthBytes) })
    .send();
}

async function getBlob(call: Call): Promise<void> {
  const { request, reply } = call;
  const { container, blob, headers, range, start, end, first } = await beginGet(call);
  void reply.code(range === undefined ? 200 : 206).headers({ ...headers, 'content-length': String(end - start) });
  if (range !== undefined) void reply.header('content-range', `bytes ${start}-${end - 1}/${blob.lengthBytes}`);
  if (String(request.headers['x-ms-range-get-content-md5']).toLowerCase() === 'true') {
    if (range === undefined || end - start > checkedBytesMax)
      throw new StorageError(400, 'InvalidHeaderValue', 'Checksums are supported for ranges of at most 4 MiB.');
    void reply.header('content-md5', createHash('md5').update(first).digest('base64'));
  }
  if (end - start <= pieceBytes) {
    void reply.send(Buffer.from(first.buffer, first.byteOffset, first.byteLength));
    return;
  }
  void reply.send(
    Readable.from(
      (async function* () {
        yield first;
        for (let at = start + pieceBytes; at < end; at += pieceBytes)
          yield await readPiece(container, blob, at, Math.min(end, at + pieceBytes));
      })(),
    ),
  );
}

/**
 * Properties of a blob and its first requested bytes, both of one version: if the blob grows between the two reads,
 * they are repeated.
 */
async function beginGet(call: Call) {
  for (let turn = 1; ; turn++) {
    const found = await readBlob(call);
    const range = readRange(call.request.headers, found.blob.lengthBytes);
    const { start, end } = range ?? { start: 0, end: found.blob.lengthBytes };
    try {
      const first = await readPiece(found.container, found.blob, start, Math.min(end, start + pieceBytes));
      return { ...found, range, start, end, first };
    } catch (error) {
      if (!(error instanceof StorageError) || error.status !== 412 || turn === getTurnsMax) throw error;
    }
  }
}

/** @throws StorageError 412 if the blob has changed since its length was read */
async function readPiece(container: Container, blob: BlobItem, start: number, end: number): Promise<Uint8Array> {
  if (start === end) return new Uint8Array(0);
  const { bytes, etag } = await container.read(blob.name, start, end);
  if (etag !== blob.etag || bytes.length !== end - start)
    throw new StorageError(412, 'ConditionNotMet', 'The blob was changed while it was read.');
  return bytes;
}

async function blockList(call: Call): Promise<void> {
  const { container, blob, headers } = await readBlob(call);
  const list = await container.blocks(blob.name);
  const type = call.query.get('blocklisttype') ?? 'committed';
  const blocks = (list?.blocks ?? []).map(({ id, lengthBytes }) =>
    xmlElement('Block', [xmlElement('Name', id), xmlElement('Size', String(lengthBytes))]),
  );
  void call.reply.headers({
    etag: list?.etag ?? blob.etag,
    'last-modified': headers['last-modified'],
    'x-ms-blob-content-length': String(blob.lengthBytes),
  });
  sendXml(
    call.reply,
    xmlElement('BlockList', [
      ...(type === 'uncommitted' ? [] : [xmlElement('CommittedBlocks', blocks)]),
      ...(type === 'committed' ? [] : [xmlElement('UncommittedBlocks')]),
    ]),
  );
}

/** @throws StorageError 304, 404, 412 */
async function readBlob(call: Call): Promise<{
  container: Container;
  blob: BlobItem;
  headers: Record<'etag' | 'last-modified', string> & Record<string, string>;
}> {
  const container = await requireContainer(call);
  if (call.query.has('snapshot') || call.query.has('versionid'))
    throw new StorageError(
      404,
      'BlobNotFound',
      'The specified blob does not exist: there are no snapshots or versions.',
    );
  const blob = await container.properties(call.blob!);
  if (blob === undefined) throw new StorageError(404, 'BlobNotFound', 'The specified blob does not exist.');
  checkConditions(call.request.headers, blob);
  const modified = new Date(blob.lastModifiedMillis).toUTCString();
  return {
    container,
    blob,
    headers: {
      etag: blob.etag,
      'last-modified': modified,
      'content-type': contentType,
      'accept-ranges': 'bytes',
      'x-ms-blob-type': 'BlockBlob',
      'x-ms-creation-time': createdText(blob),
      'x-ms-lease-status': 'unlocked',
      'x-ms-lease-state': 'available',
      'x-ms-server-encrypted': 'true',
      'x-ms-access-tier': 'Hot',
      'x-ms-access-tier-inferred': 'true',
      ...call.signedHeaders,
    },
  };
}

/** @throws StorageError 404 */
async function requireContainer({ account, containerName }: Call): Promise<Container> {
  try {
    for await (const name of account.account.containers())
      if (name === containerName) return account.account.container(name);
  } catch (error) {
    if (!(error instanceof FlowError && error.code === 'not-found')) throw error;
  }
  throw new StorageError(404, 'ContainerNotFound', 'The specified container does not exist.');
}

function containerEtag({ createdMillis }: ServedAccount): string {
  return `0x${createdMillis.toString(16).toUpperCase()}`;
}

/** @throws StorageError 400 */
function listRequest(query: URLSearchParams): ListRequest {
  const maxText = query.get('maxresults') ?? '';
  const itemsMax = maxText === '' ? pageItemsMax : Number(maxText);
  if (!Number.isSafeInteger(itemsMax) || itemsMax < 1)
    throw new StorageError(400, 'OutOfRangeQueryParameterValue', 'maxresults is a whole number from 1 on.');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    marker: query.get('marker') ?? '',
    itemsMax: Math.min(itemsMax, pageItemsMax),
  };
}

/** @throws StorageError 400 */
function whole<T>(page: ListPage<T> | undefined): ListPage<T> {
  if (page === undefined) throw new StorageError(400, 'InvalidQueryParameterValue', 'The marker is not valid.');
  return page;
}

function listHead(query: URLSearchParams): Xml[] {
  const names = { prefix: 'Prefix', marker: 'Marker', maxresults: 'MaxResults', delimiter: 'Delimiter' } as const;
  return Object.entries(names).flatMap(([parameter, name]) => {
    const value = query.get(parameter);
    return value === null || value === '' || !isXmlText(value) ? [] : [xmlElement(name, value)];
  });
}

function nextMarker(page: ListPage<unknown>): Xml {
  return xmlElement('NextMarker', page.nextMarker ?? '');
}

function sendXml(reply: FastifyReply, root: Xml): void {
  void reply.code(200).type('application/xml').send(xmlDocument(root));
}
