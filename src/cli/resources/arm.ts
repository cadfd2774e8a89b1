import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { ResourceManager } from '../../advise/resource-manager.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { withoutEnd } from '../../base/text.ts';
import { objectOf, objectsOf, textOf } from '../../control/resources/resource.ts';
import { readEnvironment } from '../../server/environment.ts';
import { isLoopback } from '../../server/host-check.ts';
import { readSecret } from '../../server/service-secret.ts';
import type { ArmAnswer } from './exchange.ts';
import { exchange, exchangeWithRetries } from './exchange.ts';
import { operationEnd } from './operation.ts';

/** Requests of the commands to Azure Resource Manager: to `nsgflow serve`, or with `--azure` to Azure. */
export interface ArmOptions {
  readonly server: string;
  readonly azure?: boolean;
  readonly data: string;
  readonly subscription?: string;
}

export interface Arm extends ResourceManager {
  /** All pages of a list. */
  list(path: string, apiVersion: string): Promise<JsonObject[]>;
  /** Creates or changes the resource at a path. @returns the resource when the operation has succeeded */
  put(path: string, apiVersion: string, body: JsonObject): Promise<JsonObject>;
  /** Deletes the resource at a path, and waits until it is gone. */
  delete(path: string, apiVersion: string): Promise<void>;
}

const azureEndpoint = 'https://management.azure.com';

export function addArm(command: Command): void {
  command
    .addOption(
      new Option('--server <url>', 'the service, as nsgflow serve says it')
        .default('https://localhost:8443')
        .env('NSGFLOW_SERVER'),
    )
    .option('--data <dir>', "the service's folder, for its CA in tls/ca.pem", 'nsgflow-data')
    .option('--azure', 'ask Azure, as @azure/identity finds who you are')
    .option('--subscription <id>', 'default: the only one, or $AZURE_SUBSCRIPTION_ID with --azure');
}

interface Credential {
  getToken(): Promise<{ readonly token: string }>;
}

/** @throws usage, not-found, unavailable, authentication */
export async function openArm(options: ArmOptions): Promise<Arm> {
  const isAzure = options.azure === true;
  const endpoint = isAzure ? azureEndpoint : withoutEnd(options.server, '/');
  if (!/^https:\/\/[^/]+$/.test(endpoint))
    throw new FlowError('usage', `--server ${JSON.stringify(options.server)} is not the https URL of a host`);
  const ca = isAzure ? undefined : await readAuthority(options.data);
  const credential = isAzure ? await azureCredential() : await localCredential(endpoint, ca, options.data);
  const send = isAzure ? exchangeWithRetries : exchange;
  const ask = async (method: string, url: string, body?: Json): Promise<ArmAnswer> => {
    if (new URL(url).origin !== new URL(endpoint).origin)
      throw new FlowError('unavailable', `the answer of ${endpoint} leads to another host`);
    const { token } = await credential.getToken();
    return send({
      method,
      url,
      ca,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  };
  const get = async (path: string, apiVersion: string): Promise<JsonObject | undefined> => {
    const { status, json } = await ask('GET', `${endpoint}${path}?api-version=${apiVersion}`);
    if (status === 404) return undefined;
    if (status !== 200) throw armFailure(status, json, `GET ${path}`);
    return json;
  };
  const list = async (path: string, apiVersion: string): Promise<JsonObject[]> => {
    const found: JsonObject[] = [];
    for (let url = `${endpoint}${path}?api-version=${apiVersion}`; url !== '';) {
      const { status, json } = await ask('GET', url);
      if (status !== 200) throw armFailure(status, json, `GET ${path}`);
      found.push(...objectsOf(json['value']));
      if (found.length > limits.armResourcesMax)
        throw new FlowError('unavailable', `${path} has more than ${limits.armResourcesMax} resources`);
      url = textOf(json['nextLink']);
    }
    return found;
  };
  /** Starts an operation and waits for its end. */
  const operate = async (
    method: 'PUT' | 'DELETE',
    path: string,
    apiVersion: string,
    body?: Json,
  ): Promise<ArmAnswer> => {
    const doing = `${method} ${path}`;
    const began = await ask(method, `${endpoint}${path}?api-version=${apiVersion}`, body);
    if (began.status < 200 || began.status > 204) throw armFailure(began.status, began.json, doing);
    const end = await operationEnd(began, (url) => ask('GET', url), doing);
    if (end.status < 200 || end.status > 204) throw armFailure(end.status, end.json, doing);
    return end;
  };
  const subscription = options.subscription ?? (await onlySubscription(isAzure, list));
  return {
    subscription,
    isAzure,
    get,
    list,
    async put(path, apiVersion, body) {
      const end = await operate('PUT', path, apiVersion, body);
      if (textOf(end.json['id']) !== '') return end.json;
      const { status, json } = await ask('GET', `${endpoint}${path}?api-version=${apiVersion}`);
      if (status !== 200) throw armFailure(status, json, `GET ${path}`);
      return json;
    },
    async delete(path, apiVersion) {
      await operate('DELETE', path, apiVersion);
    },
    async post(path, apiVersion, body) {
      const { status, json } = await ask('POST', `${endpoint}${path}?api-version=${apiVersion}`, body);
      if (status === 404) return undefined;
      if (status !== 200) throw armFailure(status, json, `POST ${path}`);
      return json;
    },
  };
}

/**
 * `undefined` if Node's trust is configured elsewhere: by the user for a certificate, or by `serve --env`, which also
 * sets a secret or token.
 */
async function readAuthority(data: string): Promise<string | undefined> {
  const path = join(data, 'tls', 'ca.pem');
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const hasRun = await access(join(data, 'serve.json')).then(
      () => true,
      () => false,
    );
    if (hasRun || (set('NSGFLOW_SECRET') ?? set('NSGFLOW_TOKEN')) !== undefined) return undefined;
    throw new FlowError('not-found', `there is no ${path}, the CA of the service`, {
      cause,
      hint: 'Start nsgflow serve, or name its folder with --data; --azure asks Azure.',
    });
  }
}

async function azureCredential(): Promise<Credential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  const chain = new DefaultAzureCredential();
  return {
    async getToken() {
      try {
        return await chain.getToken(`${azureEndpoint}/.default`);
      } catch (cause) {
        throw new FlowError('authentication', 'Azure does not know who you are', {
          cause,
          hint: 'Sign in with az login, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET.',
        });
      }
    },
  };
}

/**
 * Signs in with the secret in the data folder of the service, otherwise with NSGFLOW_SECRET, otherwise with the token
 * in NSGFLOW_TOKEN.
 */
async function localCredential(endpoint: string, ca: string | undefined, data: string): Promise<Credential> {
  const secret = (await secretOfService(endpoint, data)) ?? set('NSGFLOW_SECRET');
  let known: Promise<string> | undefined;
  const exchangeSecret = async (): Promise<string> => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'nsgflow',
      client_secret: secret ?? '',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${endpoint}/adfs/oauth2/token`;
    const { status, json } = await exchange({ method: 'POST', url, ca, headers, body: form.toString() });
    if (status !== 200)
      throw new FlowError('authentication', 'the service refuses the secret', {
        hint: 'Name the data folder of the service with --data, or set NSGFLOW_SECRET to its secret.',
      });
    return textOf(json['access_token']);
  };
  return {
    async getToken() {
      const token = secret === undefined ? (set('NSGFLOW_TOKEN') ?? 'nsgflow') : await (known ??= exchangeSecret());
      return { token };
    },
  };
}

/** The secret in the data folder, if it belongs to the service at `endpoint`: it must not be sent to another one. */
async function secretOfService(endpoint: string, data: string): Promise<string | undefined> {
  const environment = await readEnvironment(data).catch(() => undefined);
  if (environment === undefined) return undefined;
  const [asked, served] = [new URL(endpoint), new URL(environment.origin)];
  const isSame = asked.host === served.host || (asked.port === served.port && isLoopback(asked.hostname));
  return isSame ? await readSecret(data) : undefined;
}

function set(variable: string): string | undefined {
  const value = process.env[variable]?.trim();
  return value === '' ? undefined : value;
}

async function onlySubscription(isAzure: boolean, list: Arm['list']): Promise<string> {
  const named = isAzure ? process.env['AZURE_SUBSCRIPTION_ID'] : undefined;
  if (named !== undefined && named !== '') return named;
  const ids = (await list('/subscriptions', '2022-12-01')).map((one) => textOf(one['subscriptionId']));
  if (ids.length === 1) return ids[0];
  throw new FlowError('usage', `there are ${ids.length} subscriptions: name one with --subscription`, {
    hint: ids.slice(0, 5).join(', '),
  });
}

function armFailure(status: number, json: JsonObject, doing: string): FlowError {
  const error = objectOf(json['error']);
  return failureOf(
    status,
    textOf(error['code']) || String(status),
    textOf(error['message']) || `${doing} was answered ${status}`,
  );
}

function failureOf(status: number, code: string, message: string): FlowError {
  const sentence = `${code}: ${message}`;
  if (status === 401)
    return new FlowError('authentication', sentence, {
      hint: 'Name the data folder of the service with --data, or set NSGFLOW_SECRET; for --azure, sign in with az login.',
    });
  if (status === 403)
    return new FlowError('permission', sentence, {
      hint: 'See the message: a provider to register, or a role that is missing.',
    });
  if (status === 404) return new FlowError('not-found', sentence);
  if (status === 429 || status >= 500) return new FlowError('unavailable', sentence);
  return new FlowError('usage', sentence, { hint: 'docs/reference/control-plane.md lists the rules and their codes.' });
}
