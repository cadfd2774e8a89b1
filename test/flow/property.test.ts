import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowMeter } from '../../src/flow/observe.ts';
import { stateNames } from '../../src/flowlog/tuple.ts';
import { formatWords, parseAddress } from '../../src/net/address.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { createNsg, singleNicNetwork } from '../../src/nsg/network.ts';
import { anySide, ruleLogName } from '../../src/nsg/rule.ts';
import type { SketchedPacket } from './packets.ts';
import { batchOf } from './packets.ts';
import { plainMeter } from './plain-meter.ts';

/** An event in a form that both meters give. */
export interface FlowEventLine {
  readonly time: number;
  /** `A:PORT > B:PORT tcp`, the initiator first. */
  readonly flow: string;
  readonly state: string;
  readonly counters: string;
  readonly flush: number;
}

const long = process.env['NSGFLOW_LONG'] === '1';
const telnet = 23;
const start = Date.UTC(2026, 10, 20, 10, 3, 0);

/** One NIC, whatever is sent to this port is denied. */
function denyingNetwork(deniedPort: number) {
  const base = singleNicNetwork();
  const rule = {
    name: 'no-telnet',
    logName: ruleLogName('user', 'no-telnet'),
    kind: 'user',
    description: '',
    priority: 100,
    access: 'deny',
    protocol: '*',
    source: anySide,
    destination: { ...anySide, ports: [{ start: deniedPort, end: deniedPort + 1 }] },
  } as const;
  const allow = {
    ...rule,
    name: 'all',
    logName: 'UserRule_all',
    priority: 200,
    access: 'allow',
    destination: anySide,
  } as const;
  const rules = (['inbound', 'outbound'] as const).flatMap((direction) => [
    { ...rule, direction },
    { ...allow, direction },
  ]);
  const nsg = createNsg({ id: '/nsgs/n', name: 'n', location: 'local' }, rules);
  const addresses = [parseAddress('10.0.0.4')!];
  return compileNetwork({ ...base, nsgs: [nsg], nics: [{ ...base.nics[0], nsg, addresses }] });
}

interface PortChange {
  readonly atMillis: number;
  readonly port: number;
  readonly flushed: boolean;
}

function meterEvents(
  packets: readonly SketchedPacket[],
  timeoutMillis: number,
  batchPackets: number,
  changes: readonly PortChange[],
): FlowEventLine[] {
  const idleTimeoutMillis = Float64Array.of(timeoutMillis);
  const meter = new FlowMeter({ network: denyingNetwork(telnet), idleTimeoutMillis, eventsMax: 256 });
  const coming = [...changes];
  const events: FlowEventLine[] = [];
  const take = (): void => {
    const { columns } = meter.events;
    for (let row = 0; row < columns.count; row++) {
      const end = (words: Uint32Array, port: number): string =>
        `${formatWords(4, words[4 * row], words[4 * row + 1], words[4 * row + 2], words[4 * row + 3])}:${port}`;
      const counters = [columns.packetsForward, columns.bytesForward, columns.packetsReverse, columns.bytesReverse];
      events.push({
        time: columns.timeMillis[row],
        flow: `${end(columns.source, columns.sourcePort[row])} > ${end(columns.destination, columns.destinationPort[row])} ${columns.protocol[row] === 6 ? 'tcp' : 'udp'}`,
        state: stateNames[columns.state[row]],
        counters: Number.isNaN(columns.packetsForward[row]) ? '' : counters.map((column) => column[row]).join('/'),
        flush: meter.boundaryMillis,
      });
    }
    columns.count = 0;
  };
  for (let from = 0; from < packets.length; from += batchPackets) {
    const batch = batchOf(packets.slice(from, from + batchPackets));
    let row = 0;
    while ((row = meter.observe(batch, row)) < batch.count) {
      if (batch.timeMillis[row] >= meter.boundaryMillis) {
        while (!meter.advance()) take();
        take();
        meter.nextMinute(batch.timeMillis[row]);
        while (coming.length > 0 && coming[0].atMillis < meter.boundaryMillis) {
          const { port, flushed } = coming.shift()!;
          const network = denyingNetwork(port);
          const change = { previousNic: Int32Array.of(0), idleTimeoutMillis, flushed: () => flushed };
          while (!meter.changeNetwork(network, change)) take();
          take();
        }
      } else take();
    }
  }
  while (!meter.finish()) take();
  take();
  expect(meter.flows).toBe(0);
  return events;
}

function sorted(events: readonly FlowEventLine[]): string[] {
  return events.map(({ flush, time, flow, state, counters }) => `${flush} ${time} ${flow} ${state} ${counters}`).sort();
}

const packet = fc.record({
  gapMillis: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -70_000, max: 700_000 }) },
  ),
  ends: fc.constantFrom(
    ['10.0.0.4:40000', '10.0.0.5:443'],
    ['10.0.0.4:40000', '10.0.0.5:23'],
    ['10.0.0.4:50000', '10.0.0.5:50001'],
    ['10.0.0.4:23', '10.0.0.6:23'],
  ),
  back: fc.boolean(),
  flags: fc.constantFrom('S', 'SA', 'A', 'A', 'FA', 'R', 'udp', 'udp', '-'),
  ipBytes: fc.integer({ min: 28, max: 1500 }),
});

const change = fc.record({
  minutes: fc.integer({ min: 1, max: 12 }),
  port: fc.constantFrom(telnet, 443, 50_001),
  flushed: fc.boolean(),
});

test('the meter gives the events of its plain twin, for any packets, any batches and any changes of rules', () => {
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 60 }),
      fc.integer({ min: 1, max: 16 }),
      fc.constantFrom(240_000, 360_000),
      fc.array(change, { maxLength: 3 }),
      (sketches, batchPackets, timeoutMillis, gaps) => {
        let changeTime = start - (start % 60_000);
        const changes = gaps.map(({ minutes, port, flushed }) => {
          changeTime += minutes * 60_000;
          return { atMillis: changeTime, port, flushed };
        });
        let time = start;
        const packets = sketches.map(({ gapMillis, ends, back, flags, ipBytes }) => {
          time += gapMillis;
          const [from, to] = back ? [ends[1], ends[0]] : ends;
          return { timeMillis: time, line: `${from} > ${to} ${flags}`, ipBytes };
        });
        const denier = (port: number) => (_: string, responder: string) => responder.endsWith(`:${port}`);
        const plainChanges = changes.map(({ atMillis, port, flushed }) => ({
          atMillis,
          denies: denier(port),
          flushed,
        }));
        expect(sorted(meterEvents(packets, timeoutMillis, batchPackets, changes))).toEqual(
          sorted(plainMeter(packets, { timeoutMillis, denies: denier(telnet) }, plainChanges)),
        );
      },
    ),
    { seed: 7, numRuns: long ? 8000 : 300 },
  );
});
