import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import type { ControlPlane } from '../../src/control/control-plane.ts';
import { createControlPlane } from '../../src/control/control-plane.ts';
import type { ControlOptions } from '../../src/control/settings.ts';

export const subscription = '/subscriptions/00000000-0000-0000-0000-000000000000';
export const group = `${subscription}/resourceGroups/net`;
export const network = `${group}/providers/Microsoft.Network`;
export const watcher = `${subscription}/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_westeurope`;
export const location = 'westeurope';

/** A version that the namespace of a path has. */
export function versionOf(path: string): string {
  const namespace = [...path.matchAll(/\/providers\/(microsoft\.\w+)\/[^/?]+/gi)].at(-1)?.[1].toLowerCase();
  const versions: Readonly<Record<string, string>> = {
    'microsoft.network': '2025-05-01',
    'microsoft.storage': '2025-08-01',
    'microsoft.operationalinsights': '2023-09-01',
  };
  const isRegistration = /\/providers\/[^/]+\/(un)?register$/i.test(path);
  return (isRegistration ? undefined : versions[namespace ?? '']) ?? '2025-04-01';
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Anything: tests reach into it. */
  readonly body: JsonObject;
  /** Of an error, '' otherwise. */
  readonly code: string;
  readonly message: string;
}

export interface TestPlane {
  readonly plane: ControlPlane;
  readonly folder: string;
  /** `path` with or without a query; the api-version is added where it is not there. */
  ask(method: string, path: string, body?: Json | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  /** PUT that must be answered 200 or 201. */
  put(path: string, body: Json): Promise<JsonObject>;
  get(path: string): Promise<JsonObject>;
  end(): Promise<void>;
}

/** A control plane in a folder of its own, or in `folder`. Its clock stands until `clock.millis` is changed. */
export async function openPlane(
  options: Partial<ControlOptions> = {},
  folder?: string,
): Promise<TestPlane & { clock: { millis: number }; faults: unknown[] }> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'nsgflow-control-')));
  const clock = { millis: Date.UTC(2026, 10, 22, 12) };
  const faults: unknown[] = [];
  const plane = await createControlPlane({
    dataFolder: own,
    origin: 'https://localhost:8443',
    now: () => clock.millis,
    onFault: (error) => void faults.push(error),
    ...options,
  });
  const ask: TestPlane['ask'] = async (method, path, body, headers = {}) => {
    const version = `api-version=${versionOf(path)}`;
    const url = path.includes('api-version') ? path : `${path}${path.includes('?') ? '&' : '?'}${version}`;
    const bytes = body instanceof Uint8Array || body === undefined ? body : Buffer.from(JSON.stringify(body));
    const response = await plane.handle({ method, url, headers, body: bytes });
    const shown = (response.body ?? {}) as JsonObject;
    const error = (shown['error'] ?? {}) as { code?: string; message?: string };
    return {
      status: response.status,
      headers: response.headers,
      body: shown,
      code: error.code ?? '',
      message: error.message ?? '',
    };
  };
  return {
    plane,
    folder: own,
    clock,
    faults,
    ask,
    async put(path, body) {
      const answer = await ask('PUT', path, body);
      if (answer.status !== 200 && answer.status !== 201)
        throw new Error(`PUT ${path}: ${answer.status} ${answer.code} ${answer.message}`);
      return answer.body;
    },
    async get(path) {
      const answer = await ask('GET', path);
      if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.code} ${answer.message}`);
      return answer.body;
    },
    async end() {
      await plane.close();
      await rm(own, { recursive: true, force: true });
    },
  };
}

/** A value inside an answer: `inside(body, 'properties', 'securityRules', 0, 'name')`. */
export function inside(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let at: unknown = value;
  for (const step of path) at = (at as Record<string | number, unknown> | undefined)?.[step];
  return at as Json | undefined;
}

export function rule(name: string, properties: JsonObject = {}): JsonObject {
  return {
    name,
    properties: {
      protocol: 'Tcp',
      sourcePortRange: '*',
      destinationPortRange: '443',
      sourceAddressPrefix: '*',
      destinationAddressPrefix: '*',
      access: 'Allow',
      priority: 100,
      direction: 'Inbound',
      ...properties,
    },
  };
}

/** A group with an NSG at a subnet, a NIC in it and a general-purpose v2 account, all in West Europe. */
export async function buildNetwork(plane: TestPlane): Promise<void> {
  await plane.put(group, { location });
  await plane.put(`${network}/networkSecurityGroups/web`, {
    location,
    properties: { securityRules: [rule('AllowWeb')] },
  });
  await plane.put(`${network}/virtualNetworks/vnet`, {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [
        {
          name: 'default',
          properties: {
            addressPrefix: '10.0.0.0/24',
            networkSecurityGroup: { id: `${network}/networkSecurityGroups/web` },
          },
        },
      ],
    },
  });
  await plane.put(`${network}/networkInterfaces/nic`, {
    location,
    properties: {
      ipConfigurations: [
        { name: 'ipconfig1', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
      ],
    },
  });
  await plane.put(account('logs'), { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } });
}

export function account(name: string): string {
  return `${group}/providers/Microsoft.Storage/storageAccounts/${name}`;
}

export function flowLogBody(properties: JsonObject = {}): JsonObject {
  return {
    location,
    properties: {
      targetResourceId: `${network}/networkSecurityGroups/web`,
      storageId: account('logs'),
      enabled: true,
      ...properties,
    },
  };
}
