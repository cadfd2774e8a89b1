import { resolve } from 'node:path';
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { stopGently } from '../interrupt.ts';
import { lakeOf } from '../options/lake-option.ts';
import type { NameOptions } from '../options/name-options.ts';
import { addNames, namesOf } from '../options/name-options.ts';
import { parseListen } from '../options/listen.ts';
import { collect } from '../options/options.ts';
import { tell } from '../output/printable.ts';

interface ConsoleOptions extends NameOptions {
  readonly listen: string;
  readonly hostName?: readonly string[];
  readonly views?: string;
  readonly readOnly?: boolean;
  readonly certificate?: string;
  readonly key?: string;
  readonly requestLog?: boolean;
}

const listenDefault = '127.0.0.1:8480';

export function define(command: Command): void {
  command
    .option('--lake <dir>', 'the lake to look into (default: $NSGFLOW_LAKE)')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one', listenDefault)
    .option('--host-name <name>', 'another name that the console answers to; may be repeated', collect)
    .option('--views <file>', 'saved views; without it, none can be saved')
    .option('--read-only', 'nothing can be changed, not even saved views')
    .option('--certificate <file>', 'for an address that is not loopback: a certificate, PEM, with --key')
    .option('--key <file>', 'its key, PEM')
    .option('--request-log', 'a line on stderr for each request');
  addNames(command);
  command.addHelpText(
    'after',
    '\nThe printed address signs a browser in until the console ends. Flow logs and\n' +
      'sources belong to nsgflow serve, which has the same console.\n',
  );
  command.action(async (options: ConsoleOptions) => {
    const folder = resolve(lakeOf(command));
    const { certificate, key } = options;
    if ((certificate === undefined) !== (key === undefined))
      throw new FlowError('usage', '--certificate and --key go together');
    const own = certificate === undefined || key === undefined ? undefined : { certificate, key };
    await look(folder, options, own);
  });
}

/** Serves until SIGINT or SIGTERM. */
async function look(
  folder: string,
  options: ConsoleOptions,
  own: { certificate: string; key: string } | undefined,
): Promise<void> {
  const { openLakeConsole } = await import('../../server/open.ts');
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort());
  try {
    const console = await openLakeConsole({
      ...parseListen('--listen', options.listen),
      folder,
      views: options.views === undefined ? undefined : resolve(options.views),
      names: namesOf(options, folder),
      isDefault: options.listen === listenDefault,
      flag: '--listen',
      readOnly: options.readOnly === true,
      hostNames: options.hostName ?? [],
      tls: own === undefined ? undefined : { folder: '', own },
      log: options.requestLog === true ? tell : () => undefined,
      onFault: (error) => tell(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      now: Date.now,
    });
    tell(`console at ${console.address}`);
    await new Promise<void>((done) => {
      if (stop.signal.aborted) done();
      stop.signal.addEventListener('abort', () => done(), { once: true });
    });
    await console.close();
  } finally {
    undo();
  }
}
