import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { formatTime } from '../../base/time.ts';
import { formatAddress } from '../../net/address.ts';
import { formatProtocol, parseProtocol } from '../../net/protocol.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { parseMeasure } from '../../query/measure.ts';
import type { Condition, Selection } from '../../query/tree.ts';
import { bucketWidthOf } from '../options/bucket.ts';
import type { Endpoint } from '../options/endpoint.ts';
import { readEndpoint } from '../options/endpoint.ts';
import { mapRows } from '../options/group-options.ts';
import { allRows } from '../question/answer-rows.ts';
import { protocolHelp } from '../options/protocol-option.ts';
import { conversationColumns, flowTable } from '../output/flow-table.ts';
import { addOutput, formatOf } from '../output/print.ts';
import { plainText } from '../../base/row-text.ts';
import { tell } from '../output/printable.ts';
import { formatBitRate, formatBytes } from '../output/progress.ts';
import type { Result } from '../output/result.ts';
import { sparkline } from '../output/sparkline.ts';
import { withEngine } from '../question/open-engine.ts';
import type { AskOptions } from '../question/question.ts';
import { addSource, addTimes, printAnswer, readRange } from '../question/question.ts';

export function define(command: Command): void {
  command
    .usage('[options] <host> <host> [protocol]')
    .argument('[host]', 'address, or address and port: 10.0.0.4, 10.0.0.4:50000, [2001:db8::1]:50000')
    .argument('[other]', 'the other host: 10.0.1.4, 10.0.1.4:https')
    .argument('[protocol]', 'tcp, udp, or a number (default: any)');
  addSource(command);
  addTimes(command);
  addOutput(command, conversationColumns);
  command.addHelpText(
    'after',
    `
Of two hosts: all conversations between them in both directions, in order of time, and a picture of the bandwidth.
With both ports, the initiator first: every tuple of one conversation, of every NIC and log that saw it.

Examples:
  nsgflow timeline 10.20.1.10 10.20.2.4 --lake ./lake
  nsgflow timeline 10.20.1.10 10.20.2.4:ssh --lake ./lake
  nsgflow timeline 10.20.1.10:33710 10.20.2.4:5432 --lake ./lake
`,
  );
  command.action(
    async (one: string | undefined, other: string | undefined, protocol: string | undefined, options: AskOptions) => {
      if (one === undefined || other === undefined) throw oneHost(one);
      const [a, b] = [readEndpoint(one, 'the host'), readEndpoint(other, 'the host')];
      const isOne = a.port !== undefined && b.port !== undefined;
      const ends: Condition = isOne ? fromTo(a, b) : { kind: 'or', items: [fromTo(a, b), fromTo(b, a)] };
      const where: Condition = protocol === undefined ? ends : { kind: 'and', items: [ends, protocolTest(protocol)] };
      const selection = { range: readRange(options), where };
      await withEngine(
        options,
        isOne
          ? (engine) => printTuples(engine, selection, options)
          : (engine) => printConversations(engine, selection, options),
      );
    },
  );
}

/** The command without its second host: perhaps the user wants all of one. */
function oneHost(one: string | undefined): FlowError {
  if (one === undefined)
    return new FlowError('usage', 'timeline takes two hosts', {
      hint: 'Such as nsgflow timeline 10.20.1.10 10.20.2.4. Ports at both name one conversation: 10.20.1.10:33710 10.20.2.4:5432.',
    });
  const { address } = readEndpoint(one, 'the host');
  const text = formatAddress(address);
  return new FlowError('usage', `timeline takes two hosts, and ${text} is the only one`, {
    hint: `Name the other one behind it. All conversations of one host: nsgflow flows host ${text}.`,
  });
}

async function printTuples(engine: Engine, selection: Selection, options: AskOptions): Promise<void> {
  await printAnswer(engine, { ...selection, ask: 'tuples' }, options, {
    show: timelineTable,
    below: (rows) => [
      rows === 0
        ? 'no tuple of this five-tuple; perhaps the other end was the initiator'
        : formatCountOf(rows, 'tuple'),
    ],
  });
}

async function printConversations(engine: Engine, selection: Selection, options: AskOptions): Promise<void> {
  const { rows } = await printAnswer(engine, { ...selection, ask: 'conversations' }, options, {
    show: flowTable,
    below: (count) => [count === 0 ? 'no conversation between them' : formatCountOf(count, 'conversation')],
  });
  if (formatOf(options) === 'table' && rows > 0) for (const line of await bandwidth(engine, selection)) tell(line);
}

/** Conversations that the first end began. */
function fromTo(from: Endpoint, to: Endpoint): Condition {
  return { kind: 'and', items: [...endpointTests('src', from), ...endpointTests('dst', to)] };
}

function endpointTests(side: 'src' | 'dst', { address, port }: Endpoint): Condition[] {
  return [
    { kind: 'test', field: `${side}.ip`, any: [{ kind: 'addresses', first: address, last: address }] },
    ...(port === undefined
      ? []
      : [{ kind: 'test' as const, field: `${side}.port`, any: [{ kind: 'numbers' as const, from: port, to: port }] }]),
  ];
}

/** @throws usage */
function protocolTest(text: string): Condition {
  const number = parseProtocol(text);
  if (number === undefined)
    throw new FlowError('usage', `${JSON.stringify(text)} is not a protocol`, { hint: `Write ${protocolHelp}.` });
  return { kind: 'test', field: 'protocol', any: [{ kind: 'text', value: formatProtocol(number) }] };
}

/** The picture, and what each host sent. */
async function bandwidth(engine: Engine, selection: Selection): Promise<string[]> {
  const measures = ['bytes.forward', 'bytes.reverse', 'flows', 'first', 'last'].map(parseMeasure);
  const hosts = await allRows(
    await engine.ask({ ...selection, ask: 'groups', axes: [{ by: ['src.ip', 'dst.ip'], limit: 2 }], measures }),
  );
  const sent = new Map<string, number>();
  let [first, last] = [Infinity, -Infinity];
  for (const [src, dst, forward, reverse, , start, end] of hosts) {
    sent.set(plainText(src), (sent.get(plainText(src)) ?? 0) + Number(forward ?? 0));
    sent.set(plainText(dst), (sent.get(plainText(dst)) ?? 0) + Number(reverse ?? 0));
    first = Math.min(first, Date.parse(plainText(start)));
    last = Math.max(last, Date.parse(plainText(end)));
  }
  if (hosts.every(([, , forward, reverse]) => forward === null && reverse === null)) return ['no bytes were counted'];
  const bucketMillis = bucketWidthOf(last - first + 1);
  const series = await allRows(
    await engine.ask({ ...selection, ask: 'groups', axes: [], measures: [parseMeasure('bytes')], bucketMillis }),
  );
  const bytes = new Map(series.map(([time, value]) => [Date.parse(plainText(time)), Number(value ?? 0)]));
  // Bytes are spread over the time since the tuple before, which may lie before the first tuple.
  const starts = [...bytes.keys(), first, last].map((millis) => Math.floor(millis / bucketMillis) * bucketMillis);
  const [from, to] = [Math.min(...starts), Math.max(...starts)];
  const values = Array.from(
    { length: (to - from) / bucketMillis + 1 },
    (_, i) => bytes.get(from + i * bucketMillis) ?? 0,
  );
  const most = (8 * Math.max(...values)) / (bucketMillis / 1000);
  const who = [...sent].map(([host, of]) => `${host} sent ${formatBytes(of)}`).join(', ');
  return [
    `bandwidth ${sparkline(values)}`,
    `from ${shortTime(from)} to ${shortTime(to + bucketMillis)}, at most ${formatBitRate(most)} over ${formatSeconds(bucketMillis)}`,
    who,
  ];
}

function shortTime(millis: number): string {
  return formatTime(millis).slice(0, 19).replace('T', ' ');
}

function formatSeconds(millis: number): string {
  return millis < 60_000
    ? `${millis / 1000} s`
    : millis < 3_600_000
      ? `${millis / 60_000} min`
      : `${millis / 3_600_000} h`;
}

/** For people: the time since the tuple before, what happened, and counters of both directions. */
function timelineTable(answer: Result): Result {
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
    keep: ['state', 'direction'],
    columns: columns.map((name) => ({
      name,
      kind: name === 'time' ? 'time' : name.startsWith('bytes') ? 'number' : 'text',
    })),
    chunks: mapRows(answer.chunks, (row) => {
      const millis = Date.parse(plainText(row[at.get('time')!]));
      const after = Number.isNaN(before) ? null : `+${((millis - before) / 1000).toLocaleString('en-US')} s`;
      before = millis;
      return columns.map((name) => (name === 'after' ? after : row[at.get(name)!]));
    }),
  };
}
