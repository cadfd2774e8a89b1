/** The listener of the console: its pages and its API, on a port of their own. Plain HTTP on loopback, HTTPS elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../../base/errors.ts';
import { isLoopback } from '../host-check.ts';
import type { Http, TlsFiles } from '../http.ts';
import { openHttp } from '../http.ts';
import type { ServiceLake } from '../service-lake.ts';
import type { Tokens } from '../tokens.ts';
import { WrongSecrets } from '../wrong-secrets.ts';
import { addApi } from './api.ts';
import type { ApiContext } from './context.ts';
import { addPages, packedPages } from './pages.ts';
import { QuestionDesk } from './questions/desk.ts';
import { logsTables } from '../logs/lake-logs.ts';
import { Sessions, randomText } from './sessions.ts';
import { ViewStore } from './view-store.ts';

/** Where the console listens. */
export interface ConsolePlace {
  readonly host: string;
  /** 0 uses a free port. */
  readonly port: number;
  /** Whether a free port is used if this one is in use. */
  readonly isDefault: boolean;
  /** The option that names host and port, for errors. */
  readonly flag: string;
  readonly readOnly: boolean;
}

export interface ConsoleSettings extends ConsolePlace {
  readonly hostNames: readonly string[];
  /** Certificates for a host that is not loopback; `undefined` if there are none. */
  readonly tls: TlsFiles | undefined;
  readonly lake: ServiceLake;
  /** File of saved views; `undefined` where none can be saved. */
  readonly views: string | undefined;
  readonly tokens: Tokens | undefined;
  readonly service: ApiContext['service'];
  readonly hasService: boolean;
  readonly log: (line: string) => void;
  readonly onFault: (error: unknown) => void;
  readonly now: () => number;
  /** Delays responses to wrong tokens. */
  readonly wait?: (millis: number) => Promise<void>;
  /** The archive of pages; absent for that of this build. */
  readonly pages?: string;
}

export interface ConsoleServer extends Http {
  /** The address that signs in. */
  readonly address: string;
  readonly token: string;
}

/** @throws usage, permission, unavailable */
export async function openConsole(settings: ConsoleSettings): Promise<ConsoleServer> {
  const { host, tls, port, isDefault, now } = settings;
  const isPlain = isLoopback(host);
  if (!isPlain && tls === undefined)
    throw new FlowError('usage', `${host} is not a loopback address: the console needs a certificate there`, {
      hint: `Name one with --certificate and --key, or use a loopback address with ${settings.flag}.`,
    });
  const token = randomText();
  const listen = (at: number): Promise<Http> =>
    openHttp({ ...settings, port: at, tls: isPlain ? undefined : tls }, (app, origin) => {
      addPages(app, settings.pages ?? packedPages());
      addApi(app, {
        lake: settings.lake,
        desk: new QuestionDesk({ lake: settings.lake, tables: logsTables, now }),
        views: new ViewStore(settings.views),
        sessions: new Sessions(now),
        token,
        tokens: settings.tokens,
        wrong: new WrongSecrets(now),
        readOnly: settings.readOnly,
        service: settings.service,
        hasService: settings.hasService,
        origin,
        now,
        wait: settings.wait ?? ((millis) => sleep(millis)),
        onFault: settings.onFault,
      });
    });
  const http = await listen(port).catch(async (error: unknown) => {
    if (!isDefault || !(error instanceof FlowError && error.code === 'unavailable')) throw error;
    return await listen(0);
  });
  return { ...http, token, address: `${http.origin}/#token=${token}` };
}
