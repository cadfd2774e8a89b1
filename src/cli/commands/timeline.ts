import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { parseAddress } from '../../net/address.ts';
import { parsePort } from '../../query/filter/port-names.ts';
import type { Answer, Cell } from '../../query/engine/result.ts';
import type { Condition } from '../../query/tree.ts';
import type { AskOptions } from '../question/question.ts';
import { addOutput, formatOf } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addSource, addTimes, printAnswer, readRange } from '../question/question.ts';
import { mapRows } from '../options/group-options.ts';
import type { Result } from '../output/output.ts';
import { plainText } from '../output/output.ts';
import { tell } from '../output/printable.ts';

export function define(command: Command): void {
  command
    .argument('<source>', 'address and port of the initiator: 10.0.0.4:50000, [2001:db8::1]:50000')
    .argument('<destination>', 'address and port of the responder: 10.0.1.4:443')
    .argument('[protocol]', 'tcp, udp, or a number (default: any)');
  addSource(command);
  addTimes(command);
  addOutput(command);
  command.addHelpText(
    'after',
    '\nEvery tuple between these ends in order of time, of every NIC and log that saw it.\n',
  );
  command.action(async (source: string, destination: string, protocol: string | undefined, options: AskOptions) => {
    const format = formatOf(options);
    const where: Condition = {
      kind: 'and',
      items: [
        ...endpointTests('src', source),
        ...endpointTests('dst', destination),
        ...(protocol === undefined
          ? []
          : [
              {
                kind: 'test' as const,
                field: 'protocol',
                any: [{ kind: 'text' as const, value: protocol.toLowerCase() }],
              },
            ]),
      ],
    };
    await withEngine(options, async (engine) => {
      const { rows } = await printAnswer(
        engine,
        { ask: 'tuples', range: readRange(options), where },
        options,
        timelineTable,
      );
      if (format === 'table' && rows === 0)
        tell('no tuple of this five-tuple; perhaps the other end was the initiator');
    });
  });
}

/** @throws usage */
function endpointTests(side: 'src' | 'dst', text: string): Condition[] {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([^:]+)$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1] ?? match[2]);
  const port = match === null ? undefined : parsePort(match[3]);
  if (address === undefined || port === undefined)
    throw new FlowError('usage', `${JSON.stringify(text)} is not an address and a port`, {
      hint: 'Such as 10.0.0.4:443 or [2001:db8::1]:443.',
    });
  return [
    { kind: 'test', field: `${side}.ip`, any: [{ kind: 'addresses', first: address, last: address }] },
    { kind: 'test', field: `${side}.port`, any: [{ kind: 'numbers', from: port, to: port }] },
  ];
}

/** For people: the time since the tuple before, what happened, and counters of both directions. */
function timelineTable(answer: Answer): Result {
  const at = new Map(answer.columns.map(({ name }, i) => [name, i]));
  let before = Number.NaN;
  const columns = [
    'time',
    'after',
    'state',
    'access',
    'direction',
    'bytes_forward',
    'bytes_reverse',
    'rule',
    'nsg',
    'mac',
  ];
  return {
    columns: columns.map((name) => ({
      name,
      kind: name === 'time' ? 'time' : name.startsWith('bytes') ? 'number' : 'text',
    })),
    chunks: mapRows(answer.chunks, (row) => {
      const millis = Date.parse(plainText(row[at.get('time')!]));
      const after = Number.isNaN(before) ? null : `+${((millis - before) / 1000).toLocaleString('en-US')} s`;
      before = millis;
      return columns.map((name): Cell => (name === 'after' ? after : row[at.get(name)!]));
    }),
  };
}
