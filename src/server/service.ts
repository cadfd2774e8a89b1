/**
 * The service: control plane, recorder, ingester, retention and HTTP API in one process, over one data folder:
 *
 *     DATA/secret          the secret for tokens, unless the user provides one, see service-secret.ts
 *     DATA/tls/            certificates and the key of tokens, see certificate.ts
 *     DATA/resources/      the control plane's resources, one JSON file each
 *     DATA/accounts/NAME/  the blobs of each storage account
 *     DATA/spool/          blocks that are not delivered yet
 *     DATA/lake/           the table
 *     DATA/az/             the state of `az` in shells set up by `serve --env`
 *     DATA/console.json    saved views of the console
 *     DATA/serve.json      the address of the running service
 *     DATA/lock            the process that uses the folder
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { createControlPlane } from '../control/control-plane.ts';
import type { NameFiles } from '../enrich/names.ts';
import { packedNames } from '../enrich/names.ts';
import type { BlobContainers } from '../control/settings.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { NetworkFile } from '../nsg/import.ts';
import type { Quirks } from '../record/quirks.ts';
import { takeLock } from '../blob/process-lock.ts';
import type { AccountBinding } from './accounts.ts';
import { Accounts, containersOf } from './accounts.ts';
import type { ConsolePlace, ConsoleServer } from './api/console-server.ts';
import { openConsole } from './api/console-server.ts';
import { ArmClient } from './api/flow-logs/arm-client.ts';
import { makeDataFolder } from './data-folder.ts';
import { stateName } from './environment.ts';
import type { Environment, ShellAccess } from './environment.ts';
import { isLoopback } from './host-check.ts';
import { isAnyAddress, openHttp, serviceNames } from './http.ts';
import type { Http } from './http.ts';
import { Ingester } from './ingester.ts';
import { watchNetwork } from './network-watch.ts';
import { privateMode, writeWhole } from './private-file.ts';
import type { RecorderInput } from './recorder.ts';
import { ResourceHistory } from './resource-history.ts';
import { Recorder } from './recorder.ts';
import { Retainer } from './retainer.ts';
import { addControlRoutes } from './routes/control.ts';
import { addHealthRoutes } from './routes/health.ts';
import type { PartHealth } from './routes/health.ts';
import { LakeLogs } from './logs/lake-logs.ts';
import { addLogAnalyticsRoutes } from './routes/log-analytics.ts';
import { addMetadataRoutes, authorityPath } from './routes/metadata.ts';
import { addTokenRoutes } from './routes/token.ts';
import { makeStart, startResources, subscriptionsOf } from './start-network.ts';
import { startLines, wholeCaptureLine } from './start-lines.ts';
import { ServiceLake } from './service-lake.ts';
import { serviceMetrics } from './service-metrics.ts';
import { readSecret, secretName, serviceSecret } from './service-secret.ts';
import { Tokens, shellTokenSeconds, tokenKey } from './tokens.ts';

export interface ServiceSettings {
  readonly dataFolder: string;
  readonly host: string;
  /** 0 uses a free port. */
  readonly port: number;
  readonly hostNames: readonly string[];
  /** `undefined` for no web console. */
  readonly console: ConsolePlace | undefined;
  readonly ownCertificate: { readonly certificate: string; readonly key: string } | undefined;
  /** Whether only signed tokens are accepted; required if other machines can reach the service. */
  readonly strict: boolean;
  /** For service principals and managed identities; `undefined` lets the service create one. */
  readonly secret: string | undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Whether long operations are answered before they are finished, as in Azure. */
  readonly asynchronous: boolean;
  readonly keyRotationStops: boolean;
  readonly serviceTags: NetworkFile | undefined;
  /** Initial network for an empty control plane, and the formats of its flow logs. */
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
  /** Files of names for addresses; resources of the control plane need none. */
  readonly names: NameFiles;
  /** Folder of the table; `undefined` disables ingesting. */
  readonly lake: string | undefined;
  /** Called with a line for the user: starts, stops, warnings. */
  readonly log: (line: string) => void;
  /** Called with a line per request. */
  readonly logRequest: (line: string) => void;
  readonly now: () => number;
}

export interface Service {
  readonly origin: string;
  readonly environment: Environment;
  /**
   * Rejects when a part fails permanently.
   * @throws the failure of the part
   */
  readonly failed: Promise<never>;
  /** Flushes flows, closes blobs, commits the table. */
  stop(): Promise<void>;
}

/**
 * @throws usage if another process uses the folder, a secret is too short, or the listener cannot be opened; errors of
 * reading the state
 */
export async function openService(settings: ServiceSettings): Promise<Service> {
  const { dataFolder, host, log } = settings;
  const { strict } = settings;
  if (!strict && !isLoopback(host))
    throw new FlowError('usage', `${host} is not a loopback address: --auth any is for loopback only`, {
      hint: 'Remove --auth: clients then need a token, and nsgflow serve --env gives one to your shells.',
    });
  await makeDataFolder(dataFolder, log);
  const hint = 'Each service needs its own data folder: stop the other service, or use another folder with --data.';
  const unlock = await takeLock(join(dataFolder, 'lock'), `the data folder ${dataFolder}`, hint);
  try {
    const secret = await serviceSecret(dataFolder, settings.secret);
    const where = secret === settings.secret ? 'is the one you set' : `is in ${join(dataFolder, secretName)}`;
    if (strict)
      log(`clients need a token of this service; the secret for one ${where}; nsgflow serve --env hands both on`);
    else log('any token is accepted: all users of this machine can use the service');
    return await openLocked(settings, secret, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openLocked(settings: ServiceSettings, secret: string, unlock: () => Promise<void>): Promise<Service> {
  const { dataFolder, tenantId, strict, log, now } = settings;
  const names = serviceNames(settings);
  const tokens = new Tokens(
    { strict, secret, tenantId, names },
    await tokenKey(join(dataFolder, 'tls', 'token-key')),
    now,
  );
  const onFault = (error: unknown): void => log(describeFault(error));
  let control: ControlPlane | undefined;
  let accounts: Accounts | undefined;
  let parts: Parts | undefined;
  let history: ResourceHistory | undefined;
  const lake = new ServiceLake({
    folder: settings.lake,
    create: true,
    names: () => history?.names() ?? packedNames,
  });
  const logs = new LakeLogs(lake, now, settings.names);
  const http = await openHttp(
    {
      host: settings.host,
      port: settings.port,
      hostNames: settings.hostNames,
      tls: { folder: join(dataFolder, 'tls'), own: settings.ownCertificate },
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
      addLogAnalyticsRoutes(app, {
        tokens,
        challenge,
        now,
        onFault,
        workspaces: () => control?.workspaces() ?? [],
        engine: () => (parts === undefined ? undefined : logs),
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
  let console: ConsoleServer | undefined;
  try {
    control = await openControl(
      settings,
      http,
      containersOf(() => accounts),
    );
    accounts = await Accounts.open(join(dataFolder, 'accounts'), control, settings.bindings);
    if (settings.lake !== undefined)
      history = new ResourceHistory({ control, lake: settings.lake, files: settings.names, log, now });
    parts = startParts(settings, control, accounts, stopping.signal);
    stopping.signal.addEventListener(
      'abort',
      watchNetwork({ control, log, tagsGiven: settings.serviceTags !== undefined }),
    );
    if (settings.console !== undefined) {
      const { recorder, ingester } = parts;
      const arm = new ArmClient(control, settings.subscriptionId);
      const served = { dataFolder, control, arm, accounts, recorder, ingester };
      const { hostNames, ownCertificate: own, logRequest } = settings;
      console = await openConsole({
        ...settings.console,
        hostNames,
        tls: { folder: join(dataFolder, 'tls'), own },
        lake,
        views: join(dataFolder, 'console.json'),
        tokens,
        service: () => (parts === undefined ? undefined : served),
        hasService: true,
        log: logRequest,
        onFault,
        now,
      });
    }
    const { origin } = http;
    const caPath = http.certificate?.caPath;
    const environment: Environment = {
      origin,
      caPath,
      tenantId,
      subscriptionId: settings.subscriptionId,
      azFolder: join(dataFolder, 'az'),
      strict,
    };
    await writeWhole(join(dataFolder, stateName), `${JSON.stringify(environment, null, 2)}\n`, privateMode);
    const opened = { control, parts, console };
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      stopping.abort();
      await opened.console?.close();
      await http.close();
      await lake.close();
      await opened.parts.ended;
      await history?.close();
      await opened.control.close();
      await rm(join(dataFolder, stateName), { force: true });
      await unlock();
    };
    for (const line of startLines(settings, control.snapshot())) log(line);
    log(`listening at ${origin}`);
    if (isAnyAddress(settings.host))
      log(
        `others reach it at every address of this machine, port ${new URL(origin).port}, by the names ${names.join(', ')}; --host-name adds one`,
      );
    if (console !== undefined) log(`console at ${console.address}`);
    return { origin, environment, failed: parts.failed, stop: () => (stopped ??= stop()) };
  } catch (error) {
    stopping.abort();
    await console?.close();
    await http.close();
    await lake.close();
    await parts?.ended;
    await history?.close();
    await control?.close();
    throw error;
  }
}

/**
 * Credentials for a shell of the service's user: its secret, if the service created it, and a token for a day.
 * @throws io, permission
 */
export async function shellAccess(
  dataFolder: string,
  environment: Environment,
  now: () => number,
): Promise<ShellAccess> {
  const { strict, tenantId, origin } = environment;
  const key = await tokenKey(join(dataFolder, 'tls', 'token-key'));
  const tokens = new Tokens({ strict, secret: undefined, tenantId, names: [] }, key, now);
  const { accessToken } = await tokens.issue('nsgflow', `${origin}/`, shellTokenSeconds);
  return { secret: await readSecret(dataFolder), token: accessToken };
}

/** Expected errors need no stack. */
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
    onNotice: log,
    onFault: (error) => log(describeFault(error)),
  });
  try {
    const wanted = start && { resources, warnings, formats: start.formats };
    await makeStart(control, settings.dataFolder, wanted, log);
    return control;
  } catch (error) {
    await control.close();
    throw error;
  }
}

interface Parts {
  readonly recorder: Recorder;
  readonly ingester: Ingester | undefined;
  readonly retainer: Retainer;
  /** When all parts have ended, successfully or not. */
  readonly ended: Promise<unknown>;
  /** When one part fails. */
  readonly failed: Promise<never>;
  health(): PartHealth[];
}

const lookMillis = 250;

/**
 * Resolves when all of a capture is recorded, delivered and in the table.
 * @throws if it is stopped before
 */
async function untilIngested(recorder: Recorder, ingester: Ingester, stop: AbortSignal): Promise<void> {
  while (!recorder.isDelivered()) await sleep(lookMillis, undefined, { signal: stop, ref: false });
  await ingester.takeAll();
  stop.throwIfAborted();
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
  if (ingester !== undefined && input.kind === 'capture')
    untilIngested(recorder, ingester, stop).then(
      () => log(wholeCaptureLine),
      () => undefined,
    );
  return {
    recorder,
    ingester,
    retainer,
    ended: Promise.allSettled(running),
    failed,
    health: () => [recorder.health(), ...(ingester === undefined ? [] : [ingester.health()])],
  };
}
