import { describe, expect, test } from 'vitest';
import { FlowMeter } from '../../src/flow/observe.ts';
import type { MeterSettings } from '../../src/flow/observe.ts';
import { parseAddress } from '../../src/net/address.ts';
import { parsePrefix, prefixContains } from '../../src/net/prefix.ts';
import type { CompiledNetwork } from '../../src/nsg/compile.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import type { Network } from '../../src/nsg/network.ts';
import { createNsg, singleNicNetwork } from '../../src/nsg/network.ts';
import type { Rule } from '../../src/nsg/rule.ts';
import { anySide, ruleLogName } from '../../src/nsg/rule.ts';
import { describeEvents, drive } from './drive.ts';
import type { SketchedPacket } from './packets.ts';
import { batchOf } from './packets.ts';

const start = Date.UTC(2026, 10, 20, 10, 0, 0);
const local = parsePrefix('10.0.0.0/8')!;

function at(clock: string): number {
  const [minutes, seconds] = clock.split(':').map(Number);
  return start + minutes * 60_000 + seconds * 1000;
}

function sketch(...lines: string[]): SketchedPacket[] {
  return lines.map((line) => ({
    timeMillis: at(line.slice(0, line.indexOf(' '))),
    line: line.slice(line.indexOf(' ') + 1),
  }));
}

function meterOf(network: CompiledNetwork, nics: number, settings: Partial<MeterSettings> = {}): FlowMeter {
  return new FlowMeter({ network, idleTimeoutMillis: new Float64Array(nics).fill(240_000), ...settings });
}

function alone(settings: Partial<MeterSettings> = {}): FlowMeter {
  const isLocal = (family: number, words: Uint32Array, offset: number): boolean =>
    prefixContains(local, {
      family: family === 4 ? 4 : 6,
      words: [words[offset], words[offset + 1], words[offset + 2], words[offset + 3]],
    });
  return meterOf(compileNetwork(singleNicNetwork()), 1, { isLocal, ...settings });
}

const c = '10.0.0.4:40000 > 10.0.1.5:443';
const s = '10.0.1.5:443 > 10.0.0.4:40000';

describe('a flow at one NIC', () => {
  test('begins with its first packet, and ends at its last when both ends said FIN', () => {
    expect(
      drive(alone(), batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} SA`, `0:03 ${c} FA`, `0:04 ${s} FA`, `0:05 ${c} A`))),
    ).toEqual([
      `10:00:01.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:05.000 nic0 out ${c} tcp end 3/300/2/200 @10:01:00`,
    ]);
  });

  test('continues on the 5-minute tick with what came since, and ends at the end of the capture', () => {
    const events = drive(alone(), batchOf(sketch(`3:00 ${c} S`, `4:00 ${s} SA`, `5:00 ${c} A`, `7:00 ${s} A`)));
    expect(events).toEqual([
      `10:03:00.000 nic0 out ${c} tcp begin @10:04:00`,
      `10:05:00.000 nic0 out ${c} tcp continuing 1/100/1/100 @10:05:00`,
      `10:07:00.000 nic0 out ${c} tcp end 1/100/1/100 @10:08:00`,
    ]);
  });

  test('ends at the expiry of its idle timeout, and a later packet opens another in the same direction', () => {
    const events = drive(alone(), batchOf(sketch(`0:10 ${c} S`, `0:20 ${s} SA`, `4:30 ${s} A`)));
    expect(events).toEqual([
      `10:00:10.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:04:20.000 nic0 out ${c} tcp end 1/100/1/100 @10:05:00`,
      `10:04:30.000 nic0 out ${c} tcp begin @10:05:00`,
      `10:04:30.000 nic0 out ${c} tcp end 0/0/1/100 @10:05:00`,
    ]);
  });

  test('an idle flow ends although no packet comes near', () => {
    const events = drive(alone(), batchOf(sketch(`0:10 ${c} udp`, `9:00 10.0.0.9:5 > 10.0.0.8:53 udp`)));
    expect(events.slice(0, 2)).toEqual([
      `10:00:10.000 nic0 out ${c} udp begin @10:01:00`,
      `10:04:10.000 nic0 out ${c} udp end 1/100/0/0 @10:05:00`,
    ]);
  });

  test('a RST closes, later packets without SYN count into the flow until its end is flushed', () => {
    const events = drive(alone(), batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} RA`, `0:03 ${c} A`, `1:10 ${c} A`)));
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:03.000 nic0 out ${c} tcp end 2/200/1/100 @10:01:00`,
      `10:01:10.000 nic0 out ${c} tcp begin @10:02:00`,
      `10:01:10.000 nic0 out ${c} tcp end 1/100/0/0 @10:02:00`,
    ]);
  });

  test("after the end is flushed, a packet of the responder opens a flow in the closed one's direction", () => {
    const events = drive(alone(), batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} RA`, `1:10 ${s} A`)));
    expect(events.at(-2)).toBe(`10:01:10.000 nic0 out ${c} tcp begin @10:02:00`);
  });

  test('a new SYN on a closed tuple begins a new flow, a SYN again on an open one does not', () => {
    const reused = drive(alone(), batchOf(sketch(`0:01 ${c} S`, `0:02 ${c} S`, `0:03 ${s} RA`, `0:04 ${c} S`)));
    expect(reused).toEqual([
      `10:00:01.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:03.000 nic0 out ${c} tcp end 2/200/1/100 @10:01:00`,
      `10:00:04.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:04.000 nic0 out ${c} tcp end 1/100/0/0 @10:01:00`,
    ]);
  });

  test('a destination that alone is local makes a flow inbound', () => {
    const inbound = drive(alone(), batchOf(sketch('0:01 203.0.113.9:5000 > 10.0.0.4:22 S')));
    expect(inbound[0]).toBe('10:00:01.000 nic0 in 203.0.113.9:5000 > 10.0.0.4:22 tcp begin @10:01:00');
  });

  test("a connection seen from its SYN-ACK on belongs to the SYN-ACK's receiver; in the middle, ports tell", () => {
    expect(drive(alone(), batchOf(sketch(`0:01 ${s} SA`)))[0]).toBe(`10:00:01.000 nic0 out ${c} tcp begin @10:01:00`);
    const meter = alone();
    expect(drive(meter, batchOf(sketch(`0:01 ${s} A`)))[0]).toBe(`10:00:01.000 nic0 out ${c} tcp begin @10:01:00`);
    expect(meter.counts.initiatorsGuessed).toBe(1);
  });

  test('a jump of the clock over years is crossed in no time', () => {
    const far = [...sketch(`0:01 ${c} S`), { timeMillis: Date.UTC(2090, 0, 1), line: `${c} S` }];
    expect(drive(alone(), batchOf(far)).length).toBe(4);
  });

  test('packets of an earlier time count, and the flush does not go back', () => {
    const events = drive(alone(), batchOf(sketch(`5:01 ${c} udp`, `2:00 10.0.0.9:5 > 10.0.0.8:53 udp`)));
    expect(events[1]).toBe('10:02:00.000 nic0 out 10.0.0.9:5 > 10.0.0.8:53 udp begin @10:06:00');
  });

  test('IPv6 and IPv4 flows with the same low words are two flows', () => {
    const events = drive(
      alone(),
      batchOf(sketch('0:01 [::ffff:a00:4]:1 > [::ffff:a00:5]:2 udp', '0:01 10.0.0.4:1 > 10.0.0.5:2 udp')),
    );
    expect(events.filter((line) => line.includes('begin')).length).toBe(2);
  });
});

describe('bounds', () => {
  test('at the limit of flows of a NIC the longest idle end early, and are counted', () => {
    const meter = alone({ flowsPerNicMax: 32 });
    const lines = Array.from({ length: 40 }, (_, i) => `0:${i} 10.0.0.4:${1000 + i} > 10.0.1.5:53 udp`);
    const events = drive(meter, batchOf(sketch(...lines)));
    expect(meter.counts.flowsEvicted).toBeGreaterThanOrEqual(8);
    expect(events.filter((line) => line.includes(' end ')).length).toBe(40);
    expect(events.find((line) => line.includes(' end '))).toContain(':1000 >');
  });

  test('at the limit of flows of all NICs the longest idle of any end early', () => {
    const meter = alone({ flowsMax: 32, eventsMax: 64 });
    const lines = Array.from({ length: 40 }, (_, i) => `0:${i} 10.0.0.4:${1000 + i} > 10.0.1.5:53 udp`);
    const events = drive(meter, batchOf(sketch(...lines)));
    expect(meter.counts.flowsEvicted).toBeGreaterThanOrEqual(8);
    expect(events.filter((line) => line.includes(' end ')).length).toBe(40);
  });

  test('a small event buffer gives the same events in parts', () => {
    const lines = Array.from(
      { length: 250 },
      (_, i) => `${Math.floor(i / 50)}:${i % 50} 10.0.0.4:${1000 + (i % 90)} > 10.0.1.5:53 udp`,
    );
    const parts = drive(alone({ eventsMax: 64 }), batchOf(sketch(...lines)));
    expect(parts).toEqual(drive(alone(), batchOf(sketch(...lines))));
  });
});

function rule(name: string, direction: Rule['direction'], access: Rule['access'], port: number): Rule {
  return {
    name,
    logName: ruleLogName('user', name),
    kind: 'user',
    description: '',
    priority: 100 + port,
    direction,
    access,
    protocol: '*',
    source: anySide,
    destination: { ...anySide, ports: [{ start: port, end: port + 1 }] },
  };
}

/** Two NICs, 10.0.0.4 (index 0) and 10.0.1.5 (index 1), each behind an NSG with these rules. */
function twoNics(first: Rule[], second: Rule[]): Network {
  const base = singleNicNetwork();
  const nsgs = [first, second].map((rules, i) =>
    createNsg({ id: `/nsgs/n${i}`, name: `n${i}`, location: 'local' }, rules),
  );
  const subnet = {
    ...base.subnets[0],
    nsg: undefined,
    virtualNetwork: { ...base.virtualNetworks[0], addressPrefixes: [parsePrefix('10.0.0.0/16')!] },
  };
  const nics = ['10.0.0.4', '10.0.1.5'].map((address, i) => ({
    ...base.nics[0],
    id: `/nics/${i}`,
    name: `nic${i}`,
    subnet,
    nsg: nsgs[i],
    addresses: [parseAddress(address)!],
  }));
  return { ...base, nics, nsgs, subnets: [subnet], virtualNetworks: [subnet.virtualNetwork] };
}

describe('a packet between two NICs', () => {
  test('is seen at both: outbound at one, inbound at the other', () => {
    const meter = meterOf(compileNetwork(twoNics([], [])), 2);
    const events = drive(meter, batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} SA`)));
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:01.000 nic1 in ${c} tcp begin @10:01:00`,
      `10:00:02.000 nic0 out ${c} tcp end 1/100/1/100 @10:01:00`,
      `10:00:02.000 nic1 in ${c} tcp end 1/100/1/100 @10:01:00`,
    ]);
    expect([meter.counts.packetsCounted, meter.counts.observedAllowed]).toEqual([2, 4]);
  });

  test('denied at the source NIC, it is not judged at the destination, nor does its answer open a flow there', () => {
    const meter = meterOf(compileNetwork(twoNics([rule('no', 'outbound', 'deny', 443)], [])), 2);
    const events = drive(meter, batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} SA`, `0:03 ${c} A`)));
    expect(events).toEqual([`10:00:01.000 nic0 out ${c} tcp denied @10:01:00`]);
    expect(meter.counts).toMatchObject({ packetsCounted: 3, observedDenied: 3, observedAllowed: 0, flowsDenied: 1 });
  });

  test('denied at the destination NIC, its answer belongs to the denied flow', () => {
    const meter = meterOf(compileNetwork(twoNics([], [rule('no', 'inbound', 'deny', 443)])), 2);
    const events = drive(meter, batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} SA`)));
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${c} tcp begin @10:01:00`,
      `10:00:01.000 nic1 in ${c} tcp denied @10:01:00`,
      `10:00:01.000 nic0 out ${c} tcp end 1/100/0/0 @10:01:00`,
    ]);
    expect(meter.counts).toMatchObject({ packetsCounted: 2, observedDenied: 2, observedAllowed: 1 });
  });

  test('of no NIC, it is counted as such', () => {
    const meter = meterOf(compileNetwork(twoNics([], [])), 2);
    expect(drive(meter, batchOf(sketch('0:01 203.0.113.9:1 > 203.0.113.8:2 udp')))).toEqual([]);
    expect(meter.counts).toMatchObject({ packetsCounted: 0, packetsNoNic: 1 });
  });

  test('a denied flow has one begin however often it retries within the idle timeout, and another after it', () => {
    const meter = meterOf(compileNetwork(twoNics([], [rule('no', 'inbound', 'deny', 22)])), 2);
    const scan = '203.0.113.9:5000 > 10.0.1.5:22';
    const events = drive(
      meter,
      batchOf(sketch(`0:01 ${scan} S`, `0:02 ${scan} S`, `0:04 ${scan} S`, `5:00 ${scan} S`)),
    );
    expect(events).toEqual([
      `10:00:01.000 nic1 in ${scan} tcp denied @10:01:00`,
      `10:05:00.000 nic1 in ${scan} tcp denied @10:06:00`,
    ]);
  });
});

describe('a change of the network', () => {
  const noWeb = [rule('no', 'outbound', 'deny', 443)];

  /** Packets of each part go through the meter, one network after another, a minute apart. */
  function driveThrough(parts: { first: Rule[]; lines: string[]; flushed?: boolean }[]): string[] {
    const networks = parts.map(({ first }) => compileNetwork(twoNics(first, [])));
    const meter = meterOf(networks[0], 1);
    const lines: string[] = [];
    const take = (): void => void lines.push(...describeEvents(meter, meter.boundaryMillis));
    parts.forEach((part, index) => {
      const change = {
        previousNic: Int32Array.of(0, -1),
        idleTimeoutMillis: new Float64Array(2).fill(240_000),
        flushed: () => part.flushed === true,
      };
      if (index > 0) {
        while (!meter.changeNetwork(networks[index], change)) take();
        take();
      }
      const batch = batchOf(sketch(...part.lines));
      let row = 0;
      while ((row = meter.observe(batch, row)) < batch.count) {
        while (!meter.advance()) take();
        take();
        meter.nextMinute(batch.timeMillis[row]);
      }
      while (!meter.advance()) take();
      take();
      meter.nextMinute(meter.boundaryMillis);
    });
    while (!meter.finish()) take();
    take();
    return lines.map((line) => line.replace(/ @.*/, ''));
  }
  const far = '10.0.0.4:40000 > 203.0.113.9:443';
  const back = '203.0.113.9:443 > 10.0.0.4:40000';
  const other = '10.0.0.4:40001 > 203.0.113.9:443';

  test('leaves an open flow as it is, and decides about a new one', () => {
    const events = driveThrough([
      { first: [], lines: [`0:01 ${far} S`, `0:02 ${back} SA`] },
      { first: noWeb, lines: [`1:01 ${far} A`, `1:02 ${other} S`] },
    ]);
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${far} tcp begin`,
      `10:01:02.000 nic0 out ${other} tcp denied`,
      `10:01:01.000 nic0 out ${far} tcp end 2/200/1/100`,
    ]);
  });

  test('ends an open flow of a flushed NIC that is denied now at its last packet, and its next packet is denied in the same direction', () => {
    const events = driveThrough([
      { first: [], lines: [`0:01 ${far} S`, `0:02 ${back} SA`] },
      { first: noWeb, lines: [`1:01 ${back} A`], flushed: true },
    ]);
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${far} tcp begin`,
      `10:00:02.000 nic0 out ${far} tcp end 1/100/1/100`,
      `10:01:01.000 nic0 out ${far} tcp denied`,
    ]);
  });

  test('lets an open flow of a flushed NIC go on that is still allowed', () => {
    const events = driveThrough([
      { first: [], lines: [`0:01 ${far} S`] },
      { first: [rule('no', 'outbound', 'deny', 80)], lines: [`1:01 ${far} A`], flushed: true },
    ]);
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${far} tcp begin`,
      `10:01:01.000 nic0 out ${far} tcp end 2/200/0/0`,
    ]);
  });

  test('lets what was denied begin when it is tried again', () => {
    const events = driveThrough([
      { first: noWeb, lines: [`0:01 ${far} S`] },
      { first: [], lines: [`1:01 ${far} S`] },
    ]);
    expect(events).toEqual([
      `10:00:01.000 nic0 out ${far} tcp denied`,
      `10:01:01.000 nic0 out ${far} tcp begin`,
      `10:01:01.000 nic0 out ${far} tcp end 1/100/0/0`,
    ]);
  });

  test('ends the flows of a NIC that goes, and those of the others go on under its new number', () => {
    const meter = meterOf(compileNetwork(twoNics([], [])), 2);
    const batch = batchOf(sketch(`0:01 ${c} S`, `0:02 ${s} SA`));
    meter.observe(batch, 0);
    describeEvents(meter, 0);
    expect(meter.endNics((nic) => nic === 0)).toBe(true);
    expect(describeEvents(meter, 0).map((line) => line.slice(0, 21))).toEqual(['10:00:02.000 nic0 out']);
    const { nics, ...rest } = twoNics([], []);
    meter.changeNetwork(compileNetwork({ ...rest, nics: [nics[1]] }), {
      previousNic: Int32Array.of(1),
      idleTimeoutMillis: Float64Array.of(240_000),
      flushed: () => false,
    });
    meter.observe(batchOf(sketch(`0:03 ${c} A`)), 0);
    expect(meter.finish()).toBe(true);
    expect(describeEvents(meter, 0)).toEqual([`10:00:03.000 nic0 in ${c} tcp end 2/200/1/100 @00:00:00`]);
  });

  test('in the middle of a batch finds the NICs of the packets that follow anew', () => {
    const { nics, ...rest } = twoNics([], []);
    const meter = meterOf(compileNetwork({ ...rest, nics }), 2);
    const batch = batchOf(sketch('0:01 10.0.1.5:9 > 203.0.113.9:53 udp', '1:01 10.0.1.5:9 > 203.0.113.9:53 udp'));
    expect(meter.observe(batch, 0)).toBe(1);
    meter.advance();
    describeEvents(meter, 0);
    meter.nextMinute(batch.timeMillis[1]);
    meter.changeNetwork(compileNetwork({ ...rest, nics: [nics[1]] }), {
      previousNic: Int32Array.of(1),
      idleTimeoutMillis: Float64Array.of(240_000),
      flushed: () => false,
    });
    expect(meter.observe(batch, 1)).toBe(2);
    meter.finish();
    expect(describeEvents(meter, 0)).toEqual([
      '10:01:01.000 nic0 out 10.0.1.5:9 > 203.0.113.9:53 udp end 2/200/0/0 @00:00:00',
    ]);
  });

  test('leaves no decision in use that no flow has', () => {
    const network = compileNetwork(twoNics(noWeb, []));
    const meter = meterOf(network, 2);
    meter.observe(batchOf(sketch(`0:01 ${far} S`)), 0);
    const used = [...meter.decisionsInUse().keys()].filter((decision) => meter.decisionsInUse()[decision] === 1);
    expect(used.map((decision) => network.decisions[decision].rule?.name)).toEqual(['no']);
    describeEvents(meter, 0);
    meter.finish();
    expect(meter.decisionsInUse().includes(1)).toBe(false);
  });
});
