/**
 * The service: control plane, recorder, ingester, retention and HTTP API in one process, over one data folder:
 *
 *     DATA/tls/            certificates and the key of tokens, see certificate.ts
 *     DATA/resources/      the control plane's resources, one JSON file each
 *     DATA/accounts/NAME/  the blobs of each storage account
 *     DATA/spool/          what could not be delivered yet
 *     DATA/lake/           the table
 *     DATA/az/             the state of `az` in shells that `serve --env` sets up
 *     DATA/serve.json      where the running service listens
 *     DATA/lock            the process that the folder belongs to
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../base/errors.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { createControlPlane } from '../control/control-plane.ts';
import type { BlobContainers } from '../control/settings.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { NetworkFile } from '../nsg/import.ts';
import type { Quirks } from '../pipeline/quirks.ts';
import { takeLock } from '../pipeline/spool-lock.ts';
import type { AccountBinding } from './accounts.ts';
import { Accounts, containersOf } from './accounts.ts';
import type { Environment } from './environment.ts';
import { isAnyAddress, isLoopback, openHttp } from './http.ts';
import type { Http } from './http.ts';
import { Ingester } from './ingester.ts';
import { publicMode, writeWhole } from './private-file.ts';
import type { RecorderInput } from './recorder.ts';
import { Recorder } from './recorder.ts';
import { Retainer } from './retainer.ts';
import { addControlRoutes } from './routes/control.ts';
import { addHealthRoutes } from './routes/health.ts';
import type { PartHealth } from './routes/health.ts';
import { addMetadataRoutes, authorityPath } from './routes/metadata.ts';
import { addTokenRoutes } from './routes/token.ts';
import { makeFlowLogs, makeNetwork, startResources, subscriptionsOf } from './start-network.ts';
import { startLines } from './start-lines.ts';
import { serviceMetrics } from './service-metrics.ts';
import { Tokens, tokenKey } from './tokens.ts';
import { watchUnknownTags } from './unknown-tags.ts';

export interface ServiceSettings {
  readonly dataFolder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly hostNames: readonly string[];
  readonly ownCertificate: { readonly certificate: string; readonly key: string } | undefined;
  /** Only signed tokens are taken; always so where others than this machine can reach the service. */
  readonly strict: boolean;
  /** Of service principals and managed identities; needed where it is strict. */
  readonly secret: string | undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Whether long operations are answered before they are done, as Azure does. */
  readonly asynchronous: boolean;
  readonly keyRotationStops: boolean;
  readonly serviceTags: NetworkFile | undefined;
  /** A network to begin with, where the control plane has none, and the formats of the flow logs that are made for it. */
  readonly start:
    | {
        readonly files: readonly NetworkFile[];
        readonly parameters: NetworkFile | undefined;
        readonly formats: readonly FlowLogFormat[];
      }
    | undefined;
  readonly input: RecorderInput;
  readonly quirks: Quirks;
  readonly bindings: readonly AccountBinding[];
  /** Folder of the table; `undefined` does not ingest. */
  readonly lake: string | undefined;
  /** Takes a line for a person: starts, stops, warnings. */
  readonly log: (line: string) => void;
  /** Takes a line for each request. */
  readonly logRequest: (line: string) => void;
  readonly now: () => number;
}

export interface Service {
  readonly origin: string;
  readonly environment: Environment;
  /** Ends when a part fails for good. @throws what it failed with */
  readonly failed: Promise<never>;
  /** Flows are flushed, blobs closed, the table committed. */
  stop(): Promise<void>;
}

/** @throws usage where the folder belongs to another process, a secret is missing, or the listener cannot be opened; and what reading the state throws */
export async function openService(settings: ServiceSettings): Promise<Service> {
  const { dataFolder, host, log } = settings;
  const strict = settings.strict || !isLoopback(host);
  if (strict && (settings.secret === undefined || settings.secret.length < secretCharsMin))
    throw new FlowError(
      'usage',
      isLoopback(host)
        ? '--auth strict needs a secret'
        : `${host} is not a loopback address: others can reach the service, so it needs a secret`,
      { hint: `Set NSGFLOW_SECRET, or name a file with --secret-file: ${secretCharsMin} characters or more.` },
    );
  const unlock = await takeFolder(dataFolder);
  if (strict) log('only tokens signed by this service are taken, and only who has the secret gets one');
  else log('any token is taken: only this machine can reach the service');
  try {
    return await openLocked(settings, strict, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

const secretCharsMin = 16;

async function takeFolder(dataFolder: string): Promise<() => Promise<void>> {
  try {
    await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, `make ${dataFolder}`);
  }
  const hint = 'One service has one data folder: stop that one, or name another folder with --data.';
  return await takeLock(join(dataFolder, 'lock'), `the data folder ${dataFolder}`, hint);
}

async function openLocked(settings: ServiceSettings, strict: boolean, unlock: () => Promise<void>): Promise<Service> {
  const { dataFolder, tenantId, log, now } = settings;
  const tokens = new Tokens(
    { strict, secret: settings.secret, tenantId },
    await tokenKey(join(dataFolder, 'tls', 'token-key')),
    now,
  );
  const onFault = (error: unknown): void => log(describeFault(error));
  let control: ControlPlane | undefined;
  let accounts: Accounts | undefined;
  let parts: Parts | undefined;
  const http = await openHttp(
    {
      host: settings.host,
      port: settings.port,
      hostNames: settings.hostNames,
      tlsFolder: join(dataFolder, 'tls'),
      own: settings.ownCertificate,
      log: settings.logRequest,
      onFault,
      now,
    },
    (app, origin) => {
      const challenge = (): string => `Bearer authorization_uri="${origin()}${authorityPath}", resource="${origin()}"`;
      addMetadataRoutes(app, { origin, tenantId });
      addTokenRoutes(app, { tokens, origin, tenantId });
      addHealthRoutes(app, {
        tokens,
        challenge,
        isReady: () => parts !== undefined,
        health: () => parts?.health() ?? [],
        metrics: () => serviceMetrics(parts?.recorder, parts?.ingester, parts?.retainer, control?.snapshot()),
      });
      addControlRoutes(app, {
        tokens,
        origin,
        challenge,
        now,
        onFault,
        accountOf: (name) => accounts?.served(name),
        handle: () => (parts === undefined ? undefined : control?.handle.bind(control)),
      });
    },
  );
  const stopping = new AbortController();
  try {
    control = await openControl(
      settings,
      http,
      containersOf(() => accounts),
    );
    accounts = await Accounts.open(join(dataFolder, 'accounts'), control, settings.bindings);
    parts = startParts(settings, control, accounts, stopping.signal);
    stopping.signal.addEventListener(
      'abort',
      watchUnknownTags({ control, log, tagsGiven: settings.serviceTags !== undefined }),
    );
    const { origin } = http;
    const { caPath } = http.certificate;
    const environment: Environment = {
      origin,
      caPath,
      tenantId,
      subscriptionId: settings.subscriptionId,
      azFolder: join(dataFolder, 'az'),
      strict,
    };
    await mkdir(environment.azFolder, { recursive: true });
    await writeWhole(join(dataFolder, stateName), `${JSON.stringify(environment, null, 2)}\n`, publicMode);
    const opened = { control, parts };
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      stopping.abort();
      await http.close();
      await opened.parts.ended;
      await opened.control.close();
      await rm(join(dataFolder, stateName), { force: true });
      await unlock();
    };
    for (const line of startLines(settings, control.snapshot())) log(line);
    log(`listening at ${origin}`);
    if (isAnyAddress(settings.host))
      log(
        `others reach it at every address of this machine, port ${new URL(origin).port}, by the names ${http.names.join(', ')}; --host-name adds one`,
      );
    return { origin, environment, failed: parts.failed, stop: () => (stopped ??= stop()) };
  } catch (error) {
    stopping.abort();
    await http.close();
    await parts?.ended;
    await control?.close();
    throw error;
  }
}

const stateName = 'serve.json';

/** How to reach the service that runs, or last ran, on this folder. @throws not-found where none did */
export async function readEnvironment(dataFolder: string): Promise<Environment> {
  const path = join(dataFolder, stateName);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Environment;
  } catch (cause) {
    throw new FlowError('not-found', `no nsgflow serve is running on the data folder ${dataFolder}`, {
      cause,
      hint: 'Start it first: nsgflow serve, with the same --data.',
    });
  }
}

/** What is known to happen needs no stack. */
function describeFault(error: unknown): string {
  if (error instanceof FlowError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function openControl(settings: ServiceSettings, http: Http, containers: BlobContainers): Promise<ControlPlane> {
  const { start, log } = settings;
  const warnings: string[] = [];
  const resources = start === undefined ? [] : startResources(start.files, start.parameters, warnings);
  const subscriptions = new Set([settings.subscriptionId.toLowerCase(), ...subscriptionsOf(resources)]);
  const control = await createControlPlane({
    dataFolder: settings.dataFolder,
    origin: http.origin,
    now: settings.now,
    tenantId: settings.tenantId,
    subscriptions: [...subscriptions].map((id) => ({ id, name: 'nsgflow' })),
    asynchronous: settings.asynchronous,
    keyRotationStops: settings.keyRotationStops,
    serviceTags: settings.serviceTags,
    containers,
    onFault: (error) => log(describeFault(error)),
  });
  if (start === undefined) return control;
  if (control.snapshot().resources.length > 0) {
    log('the control plane has a network already; the one of --network is left aside');
    return control;
  }
  for (const warning of warnings) log(`warning: ${warning}`);
  for (const warning of await makeNetwork(control, resources)) log(`warning: ${warning}`);
  await makeFlowLogs(control, resources, start.formats);
  return control;
}

interface Parts {
  readonly recorder: Recorder;
  readonly ingester: Ingester | undefined;
  readonly retainer: Retainer;
  /** When all have ended, however. */
  readonly ended: Promise<unknown>;
  /** When one fails. */
  readonly failed: Promise<never>;
  health(): PartHealth[];
}

function startParts(settings: ServiceSettings, control: ControlPlane, accounts: Accounts, stop: AbortSignal): Parts {
  const { dataFolder, input, quirks, lake, log, now } = settings;
  const recorder = new Recorder({
    input,
    quirks,
    control,
    accounts,
    spoolFolder: join(dataFolder, 'spool'),
    stop,
    log,
    now,
  });
  const ingester = lake === undefined ? undefined : new Ingester({ accounts, lake, stop, log, now });
  const retainer = new Retainer({ control, accounts, stop, log, now });
  const running = [recorder.run(), retainer.run(), ...(ingester === undefined ? [] : [ingester.run()])];
  const failed = new Promise<never>((_, reject) => {
    for (const part of running) part.catch(reject);
  });
  failed.catch(() => undefined);
  return {
    recorder,
    ingester,
    retainer,
    ended: Promise.allSettled(running),
    failed,
    health: () => [recorder.health(), ...(ingester === undefined ? [] : [ingester.health()])],
  };
}
