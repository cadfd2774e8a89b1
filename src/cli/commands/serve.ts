import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { parseQuirks } from '../../record/quirks.ts';
import type { Shell } from '../../server/environment.ts';
import type { RecorderInput } from '../../server/recorder.ts';
import type { ServiceSettings } from '../../server/service.ts';
import { stopGently } from '../interrupt.ts';
import { addNames, nameFiles } from '../options/name-options.ts';
import type { NameOptions } from '../options/name-options.ts';
import { parseListen } from '../options/listen.ts';
import { collect, parseFormat, parseWhole, readText } from '../options/options.ts';
import { readNetworkFile } from '../options/network.ts';
import { tell } from '../output/printable.ts';
import type { AccountBinding } from '../../server/accounts.ts';

interface ServeOptions extends NameOptions {
  readonly data: string;
  readonly listen: string;
  /** `false` with --no-console. */
  readonly console: string | false;
  readonly consoleReadOnly?: boolean;
  readonly hostName?: readonly string[];
  readonly network?: readonly string[];
  readonly parameters?: string;
  readonly serviceTags?: string;
  readonly format?: readonly string[];
  readonly capture?: readonly string[];
  readonly interface?: string;
  readonly filter?: string;
  readonly snapLength?: string;
  readonly pace?: string;
  readonly shift?: 'now';
  readonly loop?: boolean;
  readonly quirk?: readonly string[];
  readonly lake?: string;
  readonly ingest: boolean;
  readonly auth: 'any' | 'strict';
  readonly secretFile?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly tenant: string;
  readonly subscription: string;
  readonly asynchronous?: boolean;
  readonly keyRotationStops: boolean;
  readonly requestLog: boolean;
  /** Only in the configuration file. */
  readonly accounts?: readonly AccountBinding[];
  readonly env?: boolean;
  readonly shell: Shell;
}

const zeros = '00000000-0000-0000-0000-000000000000';
const tenantDefault = '00000000-0000-0000-0000-0000000000aa';
const snapLengthDefault = 128;
const consoleDefault = '127.0.0.1:8480';

export function define(command: Command): void {
  command
    .option('--data <dir>', 'folder of everything that the service keeps', 'nsgflow-data')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:8443')
    .option(
      '--console <host:port>',
      'where the web console listens: plain HTTP on loopback, else HTTPS',
      consoleDefault,
    )
    .option('--no-console', 'no web console')
    .option('--console-read-only', 'nothing can be changed in the web console')
    .option('--host-name <name>', 'another name that the service answers to; may be repeated', collect)
    .option('--network <file>', 'network to begin with: ARM template, REST answer, az output; may be repeated', collect)
    .option('--parameters <file>', "the template's parameters file")
    .option('--service-tags <file>', 'ServiceTags JSON file')
    .option('--format <format>', 'with --network: begin with flow logs, nsg1, nsg2 or vnet; may be repeated', collect)
    .option('--capture <file>', 'record this capture: pcap or pcapng; may be repeated', collect)
    .option('--interface <name>', 'record this interface (Linux, with tcpdump)')
    .option('--filter <bpf>', 'with --interface: only these packets, in the language of tcpdump')
    .option('--snap-length <bytes>', 'with --interface: bytes captured of each packet, 64 to 65535 (default: 128)')
    .option('--pace <pace>', 'with --capture: 1x is as it was captured, 60x a minute a second, max (default: max)')
    .addOption(new Option('--shift <time>', 'with --capture: move its times to the present minute').choices(['now']))
    .option('--loop', 'with --capture: repeat it in a loop')
    .option('--quirk <name=value>', 'how Azure is imitated, see docs/reference/quirks.md; may be repeated', collect)
    .option('--lake <dir>', 'folder of the lake (default: lake in the data folder)')
    .option('--no-ingest', 'keep no table')
    .addOption(
      new Option('--auth <who>', 'strict: tokens of this service; any: whatever token, on loopback only')
        .choices(['strict', 'any'])
        .default('strict'),
    )
    .option('--secret-file <file>', 'the secret of clients (default: NSGFLOW_SECRET, else made in the data folder)')
    .option('--certificate <file>', 'a certificate of your own, PEM, with --key')
    .option('--key <file>', 'its key, PEM')
    .option('--tenant <guid>', 'id of the tenant', tenantDefault)
    .option('--subscription <guid>', 'id of the subscription', zeros)
    .option('--asynchronous', 'answer long operations before they are done, as Azure does')
    .option('--no-key-rotation-stops', 'go on delivering when key1 is regenerated, unlike Azure')
    .option('--no-request-log', 'no line on stderr for each request')
    .option('--env', 'print what another shell needs to use az with the running service')
    .addOption(
      new Option('--shell <shell>', 'with --env: for which shell')
        .choices(['bash', 'fish', 'powershell'])
        .default('bash'),
    );
  addNames(command);
  command.addHelpText(
    'after',
    '\nIn another shell, while it runs:\n' +
      '  eval "$(nsgflow serve --env)"        # fish: nsgflow serve --env --shell fish | source\n' +
      '  az login --service-principal -u 00000000-0000-0000-0000-000000000001 -p "$NSGFLOW_SECRET" --tenant $AZURE_TENANT_ID\n' +
      '  az network nsg list -o table\n',
  );
  command.action(async (options: ServeOptions) => {
    if (options.env === true) return await printEnvironment(resolve(options.data), options.shell);
    const settings = { ...(await readSettings(options)), bindings: options.accounts ?? [] };
    await serve(settings);
  });
}

async function printEnvironment(dataFolder: string, shell: Shell): Promise<void> {
  const { formatEnvironment, readEnvironment, shellAccess } = await import('../../server/open.ts');
  const environment = await readEnvironment(dataFolder);
  process.stdout.write(formatEnvironment(environment, await shellAccess(dataFolder, environment, Date.now), shell));
}

/** Serves until SIGINT or SIGTERM. */
async function serve(settings: ServiceSettings): Promise<void> {
  const { openService } = await import('../../server/open.ts');
  if (Object.values(settings.names).some((files) => files !== undefined)) {
    // A file that cannot be read is told now, not with each question.
    const { openNames } = await import('../../enrich/names.ts');
    await openNames(settings.names);
  }
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort());
  try {
    const service = await openService(settings);
    const asked = new Promise<void>((done) => {
      if (stop.signal.aborted) done();
      stop.signal.addEventListener('abort', () => done(), { once: true });
    });
    try {
      await Promise.race([asked, service.failed]);
    } finally {
      tell('stopping: flows are flushed, blobs closed, what the table has read is committed');
      await service.stop();
    }
  } finally {
    undo();
  }
}

async function readSettings(options: ServeOptions): Promise<Omit<ServiceSettings, 'bindings'>> {
  const dataFolder = resolve(options.data);
  const { host, port } = parseListen('--listen', options.listen);
  const named = async (path: string): Promise<{ path: string; text: string }> => ({ path, text: await readText(path) });
  const { network, parameters, serviceTags, certificate, key } = options;
  if (network === undefined && (parameters !== undefined || options.format !== undefined))
    throw new FlowError('usage', '--parameters and --format go with --network');
  if ((certificate === undefined) !== (key === undefined))
    throw new FlowError('usage', '--certificate and --key go together');
  const write = tell;
  return {
    dataFolder,
    host,
    port,
    console: readConsole(options),
    hostNames: options.hostName ?? [],
    ownCertificate: certificate === undefined || key === undefined ? undefined : { certificate, key },
    strict: options.auth === 'strict',
    secret: await readSecret(options.secretFile),
    tenantId: readGuid('--tenant', options.tenant),
    subscriptionId: readGuid('--subscription', options.subscription),
    asynchronous: options.asynchronous === true,
    keyRotationStops: options.keyRotationStops,
    serviceTags: serviceTags === undefined ? undefined : await named(serviceTags),
    start:
      network === undefined
        ? undefined
        : {
            files: await Promise.all(network.map(readNetworkFile)),
            parameters: parameters === undefined ? undefined : await named(parameters),
            formats: [...new Set((options.format ?? []).map(parseFormat))],
          },
    input: await readInput(options),
    quirks: parseQuirks(options.quirk ?? []),
    names: nameFiles(options),
    lake: options.ingest ? resolve(options.lake ?? join(dataFolder, 'lake')) : undefined,
    log: write,
    logRequest: options.requestLog ? write : () => undefined,
    now: Date.now,
  };
}

/** @throws usage */
function readConsole({ console, consoleReadOnly }: ServeOptions): ServiceSettings['console'] {
  if (console === false) {
    if (consoleReadOnly === true) throw new FlowError('usage', '--console-read-only does not go with --no-console');
    return undefined;
  }
  const readOnly = consoleReadOnly === true;
  return { ...parseListen('--console', console), isDefault: console === consoleDefault, flag: '--console', readOnly };
}

/** @throws usage */
async function readInput(options: ServeOptions): Promise<RecorderInput> {
  const { capture, interface: name, pace, shift, loop, filter, snapLength } = options;
  if (capture !== undefined && name !== undefined)
    throw new FlowError('usage', 'packets come from --capture or from --interface, not from both');
  if (capture === undefined && (pace !== undefined || shift !== undefined || loop === true))
    throw new FlowError('usage', '--pace, --shift and --loop go with --capture');
  if (name === undefined && (filter !== undefined || snapLength !== undefined))
    throw new FlowError('usage', '--filter and --snap-length go with --interface');
  if (capture !== undefined) {
    if (capture.includes('-')) throw new FlowError('usage', 'serve replays files, not standard input');
    const { parsePace } = await import('../../server/recorder.ts');
    const times = parsePace(pace ?? 'max');
    if (loop === true && times === Number.POSITIVE_INFINITY)
      throw new FlowError('usage', '--loop without end needs a --pace, such as 1x or 60x');
    return { kind: 'capture', paths: capture, pace: times, shiftNow: shift === 'now', loop: loop === true };
  }
  if (name === undefined) return { kind: 'none' };
  const live = {
    interface: name,
    filter,
    snapLength: snapLength === undefined ? snapLengthDefault : parseWhole('--snap-length', snapLength, 64, 65_535),
    maxMillis: undefined,
    maxBytes: undefined,
  };
  return { kind: 'interface', live };
}

async function readSecret(path: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? process.env['NSGFLOW_SECRET'] : await readText(path);
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function readGuid(flag: string, text: string): string {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new FlowError('usage', `${flag} takes a GUID, not ${JSON.stringify(text)}`);
  return text.toLowerCase();
}
