import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryAccount } from '../../src/blob/memory.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { stateBegin, stateContinuing, stateDenied, stateEnd } from '../../src/flowlog/tuple.ts';
import type { Network } from '../../src/nsg/network.ts';
import type { RecordResult } from '../../src/record/record.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { defaultFlowLogs } from '../../src/record/recording-settings.ts';
import { nicBody, nsgBody, ruleBody, virtualNetworkBody } from '../nsg/bodies.ts';
import type { Conversation, Hours } from './hours.ts';
import { changingPort, deniedPort, isNic, makeHours, nicAddresses } from './hours.ts';
import { readAllLogs } from './logs.ts';
import { networkOf, start } from './traffic.ts';

/**
 * Hours of traffic in three formats at once, while the rules change at every hour, against what was sent: sums of tuples are the truth exactly, in
 * whichever hour and blob they lie.
 */
const isLong = process.env['NSGFLOW_LONG'] === '1';
const hours = isLong ? 12 : 2;
const conversationCount = isLong ? 60_000 : 1500;
const formats = ['nsg1', 'nsg2', 'vnet'] as const;
type Format = (typeof formats)[number];

/** In even hours `changingPort` is allowed. */
function networkInHour(hour: number): Network {
  const rules = ['Inbound', 'Outbound'].flatMap((direction) => [
    ruleBody(`no-telnet-${direction}`, {
      protocol: '*',
      direction,
      access: 'Deny',
      destinationPortRange: `${deniedPort}`,
      priority: 100,
    }),
    ruleBody(`changing-${direction}-${hour % 2}`, {
      protocol: '*',
      direction,
      access: hour % 2 === 0 ? 'Allow' : 'Deny',
      destinationPortRange: `${changingPort}`,
      priority: 110,
    }),
    ruleBody(`all-${direction}`, { protocol: '*', direction, priority: 120 }),
  ]);
  return networkOf(
    virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
    ...nicAddresses.map((_, index) => nicBody(`n${index}`, [`10.1.1.${4 + index}`], { subnet: 'web', nsg: 'n' })),
    nsgBody('n', rules),
  );
}

function isDenied(conversation: Conversation): boolean {
  const { destinationPort, begin } = conversation;
  const hour = Math.floor(Math.floor(begin * 1000) / 3_600_000);
  return destinationPort === deniedPort || (destinationPort === changingPort && hour % 2 === 1);
}

/** Denied at its first NIC, a conversation does not reach the second. */
function nicsOf(conversation: Conversation): number {
  const both = isNic(conversation.source) && isNic(conversation.destination);
  return both && !isDenied(conversation) ? 2 : 1;
}

interface Sums {
  begun: number;
  denied: number;
  ended: number;
  counters: [number, number, number, number];
  /** Hours of the blobs that hold it. */
  readonly hours: Set<number>;
}

function keyOf(
  protocol: number,
  source: number,
  sourcePort: number,
  destination: number,
  destinationPort: number,
): string {
  return [protocol, source, sourcePort, destination, destinationPort].join(' ');
}

function sumByFlow(logs: ReadonlyMap<string, FlowLog>): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const [name, { tuples }] of logs) {
    const hour = Number(/\/h=(\d\d)\//.exec(name)?.[1]);
    for (let row = 0; row < tuples.count; row++) {
      const { protocol, source, sourcePort, destination, destinationPort, state } = tuples;
      const key = keyOf(
        protocol[row],
        source[4 * row + 3],
        sourcePort[row],
        destination[4 * row + 3],
        destinationPort[row],
      );
      const found = sums.get(key) ?? { begun: 0, denied: 0, ended: 0, counters: [0, 0, 0, 0], hours: new Set() };
      sums.set(key, found);
      found.hours.add(hour);
      if (state[row] === stateBegin) found.begun++;
      if (state[row] === stateEnd) found.ended++;
      if (state[row] === stateDenied || (tuples.access[row] === 1 && state[row] === 0)) found.denied++;
      const columns = [tuples.packetsForward, tuples.bytesForward, tuples.packetsReverse, tuples.bytesReverse];
      columns.forEach((column, index) => (found.counters[index] += Number.isNaN(column[row]) ? 0 : column[row]));
    }
  }
  return sums;
}

describe(`${hours} hours of traffic`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-hours-'));
  const logs = new Map<Format, Map<string, FlowLog>>();
  let made: Hours;
  let result: RecordResult;

  beforeAll(async () => {
    made = makeHours(hours, conversationCount, 7);
    const path = join(folder, 'hours.pcap');
    writeFileSync(path, made.pcap);
    const to = memoryAccount();
    const networks = Array.from({ length: 2 }, (_, hour) => networkInHour(hour));
    let current = 0;
    result = await record({
      input: captureInput([path]),
      network: networks[0],
      configure: (minuteMillis) => {
        const hour = Math.floor((minuteMillis / 1000 - start) / 3600) % 2;
        if (hour === current) return undefined;
        current = hour;
        return { network: networks[hour], flowLogs: defaultFlowLogs(networks[hour], formats, '') };
      },
      mac: undefined,
      local: [],
      accountOf: () => to,
      formats,
      flowTimeoutMinutes: undefined,
    });
    const all = await readAllLogs(to);
    for (const format of formats)
      logs.set(format, new Map([...all].filter(([, log]) => log.records[0]?.format === format)));
    const mixed = [...all.values()].filter((log) => new Set(log.records.map((record) => record.format)).size > 1);
    if (mixed.length > 0) {
      logs.set('nsg1', new Map([...all].map(([name, log]) => [name, onlyFormat(log, 'nsg1')])));
      logs.set('nsg2', new Map([...all].map(([name, log]) => [name, onlyFormat(log, 'nsg2')])));
    }
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every packet is counted', () => {
    expect(result.packets).toMatchObject({ read: made.packets, counted: made.packets, refused: {} });
    const allowed = made.conversations.filter((one) => !isDenied(one));
    const observed = allowed.reduce((sum, one) => sum + nicsOf(one) * (one.packetsForward + one.packetsReverse), 0);
    expect(result.observed.allowed).toBe(observed);
    expect(result.uncounted).toEqual({ nsg1: { 'version-1': observed } });
  });

  test.each(['nsg2', 'vnet'] as const)('%s: the tuples of each conversation sum up to what was sent', (format) => {
    const sums = sumByFlow(logs.get(format)!);
    let wrong = 0;
    let acrossHours = 0;
    for (const one of made.conversations) {
      const key = keyOf(one.protocol, one.source, one.sourcePort, one.destination, one.destinationPort);
      const found = sums.get(key);
      sums.delete(key);
      const nics = nicsOf(one);
      const expected = [one.packetsForward, one.bytesForward, one.packetsReverse, one.bytesReverse].map(
        (count) => nics * count,
      );
      const denied = isDenied(one);
      if ((found?.hours.size ?? 0) > 1) acrossHours++;
      const isRight = denied
        ? found?.begun === 0 && found.denied >= 1 && found.counters.every((count) => count === 0)
        : found?.denied === 0 &&
          found.begun === found.ended &&
          found.begun >= nics &&
          found.counters.every((count, index) => count === expected[index]);
      if (!isRight) wrong++;
      if (wrong === 1 && !isRight) expect({ one, found }).toEqual('as sent');
    }
    expect([wrong, sums.size]).toEqual([0, 0]);
    expect(acrossHours).toBeGreaterThan(conversationCount / 50);
  });

  test('nsg1: one tuple for each flow that the other formats begin', () => {
    const count = (format: Format): number =>
      [...logs.get(format)!.values()].reduce((sum, { tuples }) => {
        for (let row = 0; row < tuples.count; row++)
          if (tuples.state[row] !== stateContinuing && tuples.state[row] !== stateEnd) sum++;
        return sum;
      }, 0);
    expect(count('nsg1')).toBe(result.flows.allowed + result.flows.denied);
    expect(count('nsg2')).toBe(count('nsg1'));
    expect(count('vnet')).toBe(count('nsg1'));
  });

  test('all continuing tuples lie on the grid of five minutes, and records in the hour of their blob', () => {
    let continuing = 0;
    for (const [name, { tuples, records }] of logs.get('vnet')!) {
      const hour = Number(/\/h=(\d\d)\//.exec(name)?.[1]);
      for (const { timeMillis } of records) expect(new Date(timeMillis).getUTCHours()).toBe(hour);
      for (let row = 0; row < tuples.count; row++) {
        if (tuples.state[row] !== stateContinuing) continue;
        continuing++;
        if (tuples.timeMillis[row] % 300_000 !== 0) expect(tuples.timeMillis[row] % 300_000).toBe(0);
      }
    }
    expect(continuing).toBeGreaterThan(conversationCount / 20);
  });
});

function onlyFormat(log: FlowLog, format: Format): FlowLog {
  const rows = Array.from({ length: log.tuples.count }, (_, row) => row).filter(
    (row) => log.records[log.groups[log.tuples.group[row]].record].format === format,
  );
  const pick = <Column extends Float64Array | Uint8Array | Uint16Array | Uint32Array>(
    column: Column,
    width = 1,
  ): Column => {
    const picked = column.slice(0, rows.length * width) as Column;
    rows.forEach((row, index) => picked.set(column.subarray(width * row, width * row + width), width * index));
    return picked;
  };
  const { tuples } = log;
  return {
    ...log,
    tuples: {
      ...tuples,
      count: rows.length,
      timeMillis: pick(tuples.timeMillis),
      source: pick(tuples.source, 4),
      destination: pick(tuples.destination, 4),
      sourcePort: pick(tuples.sourcePort),
      destinationPort: pick(tuples.destinationPort),
      protocol: pick(tuples.protocol),
      access: pick(tuples.access),
      state: pick(tuples.state),
      packetsForward: pick(tuples.packetsForward),
      bytesForward: pick(tuples.bytesForward),
      packetsReverse: pick(tuples.packetsReverse),
      bytesReverse: pick(tuples.bytesReverse),
    },
  };
}
