import { FlowError } from '../base/errors.ts';
import { withoutEnd } from '../base/text.ts';
import { isContainerName } from './name.ts';

/** The parts of an Azure Storage URL and its credential. Only `sas` and `key` are secret. */
export interface AzureTarget {
  /** `https://account.blob.core.windows.net`, or `http://127.0.0.1:10000/devstoreaccount1`: no trailing slash, no query. */
  readonly accountUrl: string;
  readonly account: string;
  readonly container: string | undefined;
  /** Name of a blob, without URL escapes. */
  readonly blob: string | undefined;
  /** Query of a shared access signature, without `?`. */
  readonly sas: string | undefined;
  /** The account's key in base64. */
  readonly key: string | undefined;
}

/** The storage emulator's account and its public key. Source: Azurite, README, "Default Storage Account". */
const emulatorAccount = 'devstoreaccount1';
const emulatorKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** True for URLs, false for paths. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** True for names and addresses of this machine. Source: RFC 6761 section 6.3; RFC 1122 section 3.2.1.3. */
function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** A URL without user, query and fragment, safe to print. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^(https?:\/\/)[^/]*@/i, '$1');
}

/**
 * Parses the URL of an account, container or blob: `https://ACCOUNT.blob.…/CONTAINER/BLOB`, or with the account in the
 * path, as in Azurite. The credential is the SAS in the URL, otherwise from `connectionString`
 * (AZURE_STORAGE_CONNECTION_STRING), which must be of the same account.
 * @throws usage, authentication
 */
export function parseAzureTarget(text: string, connectionString: string | undefined): AzureTarget {
  const shown = withoutSecrets(text);
  let url: URL;
  let segments: string[];
  try {
    url = new URL(text);
    segments = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch (cause) {
    throw new FlowError('usage', `${shown} is not a URL`, { cause });
  }
  const inHost = /^([a-z0-9-]+)\.(?:[a-z0-9]+\.)?blob\./.exec(url.hostname)?.[1];
  const account = inHost ?? segments.shift();
  if (account === undefined || !/^[a-z0-9-]{3,63}$/.test(account))
    throw new FlowError('usage', `${shown} has no storage account`, {
      hint: 'URLs are https://ACCOUNT.blob.core.windows.net/CONTAINER, or http://127.0.0.1:10000/devstoreaccount1/CONTAINER.',
    });
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && account !== emulatorAccount)
    throw new FlowError('usage', `${shown} would send flow logs and signatures unencrypted`, {
      hint: 'Use https. Plain http is allowed only for this machine and for the account devstoreaccount1 of an emulator.',
    });
  const [container, ...rest] = segments;
  if (container !== undefined && !isContainerName(container))
    throw new FlowError('usage', `${shown}: ${JSON.stringify(container)} is not a valid container name`);
  const target = {
    accountUrl: url.origin + (inHost === undefined ? `/${account}` : ''),
    account,
    container,
    blob: rest.length === 0 ? undefined : rest.join('/'),
  };
  if (url.search !== '') {
    if (!url.searchParams.has('sig'))
      throw new FlowError('usage', `${shown} has a query that is not a shared access signature`);
    return { ...target, sas: url.search.slice(1), key: undefined };
  }
  if (connectionString === undefined || connectionString.trim() === '')
    return { ...target, sas: undefined, key: undefined };
  return { ...target, ...credentialFor(target, shown, connectionString) };
}

function credentialFor(
  target: { readonly account: string; readonly accountUrl: string },
  shown: string,
  connectionString: string,
): { sas: string | undefined; key: string | undefined } {
  const settings = parseConnectionString(connectionString);
  const written = settings.get('blobendpoint');
  const endpoint = written === undefined ? undefined : withoutEnd(written, '/');
  const account = settings.get('accountname') ?? (endpoint === undefined ? undefined : accountOf(endpoint));
  if (account !== target.account)
    throw new FlowError(
      'authentication',
      account === undefined
        ? 'AZURE_STORAGE_CONNECTION_STRING has no account name'
        : `AZURE_STORAGE_CONNECTION_STRING is of the account ${account}, but ${shown} is of ${target.account}`,
    );
  const key = settings.get('accountkey');
  if (key !== undefined) return { sas: undefined, key };
  const sas = settings.get('sharedaccesssignature')?.replace(/^\?/, '');
  if (sas === undefined)
    throw new FlowError(
      'authentication',
      'AZURE_STORAGE_CONNECTION_STRING has neither AccountKey nor SharedAccessSignature',
    );
  // A signature is sent as it is, so it is sent only to its own host. A key is never sent.
  if (endpoint !== undefined && withoutSecrets(endpoint).toLowerCase() !== target.accountUrl.toLowerCase())
    throw new FlowError(
      'authentication',
      `the SAS in AZURE_STORAGE_CONNECTION_STRING is for another address than ${shown}`,
    );
  return { sas, key: undefined };
}

/** Settings by lower-case name. */
function parseConnectionString(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) settings.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  if (settings.get('usedevelopmentstorage')?.toLowerCase() === 'true')
    return new Map([
      ['accountname', emulatorAccount],
      ['accountkey', emulatorKey],
    ]);
  return settings;
}

function accountOf(endpoint: string): string | undefined {
  try {
    const url = new URL(endpoint);
    return /^([a-z0-9-]+)\.(?:[a-z0-9]+\.)?blob\./.exec(url.hostname)?.[1] ?? url.pathname.split('/')[1];
  } catch {
    return undefined;
  }
}
