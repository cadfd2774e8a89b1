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
 * Storage that a user named. `containers` and `container` work for all kinds: for a container or blob, there is only
 * this one container, and any other name is an error.
 */
export interface Storage extends Account {
  readonly kind: 'account' | 'container' | 'blob';
  /** The named container; `undefined` for an account. */
  readonly only: Container | undefined;
  /** Name of the blob in `only`, for kind `blob`. */
  readonly blob: string | undefined;
}

export interface OpenOptions extends FolderOptions {
  /** Source of AZURE_STORAGE_CONNECTION_STRING; default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Prefix of the names of flow log containers. Source: facts 2.1. */
const logContainerPrefix = 'insights-logs-';

/**
 * Opens storage for writing: a folder as an account (or as a flow log container, if it has such a name), created at the
 * first write; or the URL of an Azure account or container. The credential is from `AZURE_STORAGE_CONNECTION_STRING`,
 * the SAS in the URL, or `@azure/identity`. Sends no request yet.
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
 * Opens storage for reading. A URL is as in `openStorage`, or of a blob. A folder is an account if it has flow log
 * containers, otherwise a container: all files below it are blobs with any names. A file is a blob.
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

/** A file in a flow log container is read with its block list; any other file is a blob of its folder. */
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
