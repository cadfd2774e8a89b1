import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { FlowError, fileError } from '../base/errors.ts';
import { isUrl, parseAzureTarget, withoutSecrets } from './azure-target.ts';
import type { Account, Container } from './container.ts';
import { folderAccount } from './folder.ts';
import type { FolderOptions } from './folder.ts';
import { FolderContainer } from './folder.ts';
import { isContainerName } from './name.ts';

/**
 * What a person named as storage. Whatever `kind` it is, `containers` and `container` work: of a container or blob, the one container is all there is,
 * and asking for another is an error that says so.
 */
export interface Storage extends Account {
  readonly kind: 'account' | 'container' | 'blob';
  /** The named container; `undefined` for an account. */
  readonly only: Container | undefined;
  /** Name of the named blob within `only`, for `kind` blob. */
  readonly blob: string | undefined;
}

export interface OpenOptions extends FolderOptions {
  /** AZURE_STORAGE_CONNECTION_STRING is taken from here; `process.env` where absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Containers of flow logs have names that begin so. Source: facts 2.1. */
const logContainerPrefix = 'insights-logs-';

/**
 * Storage to write to: a folder, which stands for an account (or for a container of flow logs, when it has such a name), made when something is
 * written; or the URL of an Azure account or container, with the credential of `AZURE_STORAGE_CONNECTION_STRING`, of the SAS in the URL, or of
 * `@azure/identity`. Nothing is asked of the storage yet.
 * @throws usage, authentication
 */
export async function openStorage(target: string, options: OpenOptions = {}): Promise<Storage> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(target) && !isUrl(target))
    throw new FlowError('usage', `${withoutSecrets(target)} is neither a folder nor an http or https URL`);
  if (isUrl(target)) return await openUrl(target, options);
  if (basename(resolve(target)).startsWith(logContainerPrefix))
    return ofContainer(new FolderContainer(target, options));
  return ofAccount(folderAccount(target, options));
}

/**
 * Storage to read from. A URL is as in `openStorage`, or a blob's. A folder is an account when it holds containers of flow logs, otherwise a container: all
 * files below it are blobs, whatever their names. A file is a blob.
 * @throws usage, authentication, not-found, permission
 */
export async function openSource(target: string, options: OpenOptions = {}): Promise<Storage> {
  if (isUrl(target)) return await openUrl(target, options);
  try {
    if ((await stat(target)).isDirectory()) {
      const holdsContainers = (await readdir(target)).some(
        (name) => name.startsWith(logContainerPrefix) && isContainerName(name),
      );
      return holdsContainers
        ? ofAccount(folderAccount(target, options))
        : ofContainer(new FolderContainer(target, options));
    }
  } catch (error) {
    throw fileError(error, `read ${target}`);
  }
  return fileStorage(target, options);
}

/** A file within a container of flow logs is read with its block list; another one is a blob of the folder that it lies in. */
function fileStorage(target: string, options: OpenOptions): Storage {
  const parts = resolve(target).split(sep);
  const at = parts.findLastIndex((part) => part.startsWith(logContainerPrefix) && isContainerName(part));
  const inContainer = at >= 0 && at < parts.length - 1;
  const container = inContainer ? parts.slice(0, at + 1).join(sep) : dirname(target);
  const blob = inContainer ? parts.slice(at + 1).join('/') : basename(target);
  return ofContainer(new FolderContainer(container, options), blob);
}

async function openUrl(text: string, options: OpenOptions): Promise<Storage> {
  const environment = options.environment ?? process.env;
  const target = parseAzureTarget(text, environment['AZURE_STORAGE_CONNECTION_STRING']);
  const { azureAccount } = await import('./azure.ts');
  const account = await azureAccount(target);
  return target.container === undefined
    ? ofAccount(account)
    : ofContainer(account.container(target.container), target.blob);
}

function ofAccount(account: Account): Storage {
  return { ...account, kind: 'account', only: undefined, blob: undefined };
}

function ofContainer(container: Container, blob?: string): Storage {
  const { name, location } = container;
  return {
    kind: blob === undefined ? 'container' : 'blob',
    location: blob === undefined ? location : `${location}/${blob}`,
    only: container,
    blob,
    container(asked) {
      if (asked !== name)
        throw new FlowError('usage', `${location} is the container ${name}, but ${asked} is needed`, {
          hint: 'Name the account, or a container of that name.',
        });
      return container;
    },
    async *containers() {
      yield name;
    },
  };
}
