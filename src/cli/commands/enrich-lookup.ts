import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { addressAttributes } from '../../enrich/attribute.ts';
import { parseAddress } from '../../net/address.ts';
import { parseTimePoint, timeExamples } from '../../query/filter/time-point.ts';
import type { NameOptions } from '../options/name-options.ts';
import { addNames, namesOf } from '../options/name-options.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';

interface LookupOptions extends OutputOptions, NameOptions {
  readonly lake?: string;
  readonly at?: string;
}

export function define(command: Command): void {
  command
    .argument('<address...>', 'addresses')
    .option('--lake <dir>', 'lake that keeps snapshots of service tags (default: $NSGFLOW_LAKE)')
    .option('--at <time>', `as it was at this time (default: now): ${timeExamples}`);
  addNames(command);
  addOutput(command, ['address', ...addressAttributes.map(({ name }) => name)]);
  command.addHelpText(
    'after',
    '\nAll that names say of each address; attributes of which nothing is known are left out.\n',
  );
  command.action(async (texts: string[], options: LookupOptions) => {
    const millis = options.at === undefined ? Date.now() : parseTimePoint(options.at, Date.now());
    if (millis === undefined)
      throw new FlowError('usage', `--at ${JSON.stringify(options.at)} is not a time`, {
        hint: `Such as ${timeExamples}.`,
      });
    const names = await namesOf(options, options.lake)();
    const period = names.changes.filter((change) => change <= millis).length;
    const found = texts.map((text) => {
      if (parseAddress(text) === undefined) throw new FlowError('usage', `${JSON.stringify(text)} is no address`);
      const known: Readonly<Record<string, string | undefined>> = { address: text, ...names.look(text, period) };
      return known;
    });
    const shown = ['address', ...addressAttributes.map(({ name }) => name)].filter((name) =>
      found.some((one) => one[name] !== undefined),
    );
    const rows = found.map((one) => shown.map((name) => one[name] ?? null));
    const columns = shown.map((name) => ({ name, kind: 'text' as const }));
    // People read one address from top to bottom.
    const isTall = formatOf(options) === 'table' && rows.length === 1 && options.columns === undefined;
    const tall = shown.map((name, i) => [name, rows[0]?.[i] ?? null]);
    await print(
      isTall
        ? { columns: ['name', 'value'].map((name) => ({ name, kind: 'text' as const })), chunks: once(tall) }
        : { columns, chunks: once(rows) },
      formatOf(options),
    );
  });
}

async function* once(rows: unknown[][]): AsyncGenerator<unknown[][]> {
  yield rows;
}
