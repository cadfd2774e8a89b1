import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resourceKey } from '../../src/arm-template/resource-id.ts';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import { flowLogType } from '../../src/control/types/flow-log.ts';
import { defaultQuirks } from '../../src/record/quirks.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import type { FlowLogSettings } from '../../src/record/recording-settings.ts';
import { Accounts } from '../../src/server/accounts.ts';
import { Recorder } from '../../src/server/recorder.ts';
import { account, buildNetwork, flowLogBody, network, openPlane, rule, watcher } from '../control/plane.ts';
import type { Sent, Written } from '../record/traffic.ts';
import { pcapOf, readWritten, start } from '../record/traffic.ts';

/** Flow logs that are switched while a capture is replayed at 60 times its speed. The test sets the clock; what the recorder has done by then is left to chance. */
const long = process.env['NSGFLOW_LONG'] === '1';
const switches = long ? 500 : 20;
const pace = 60;
/** Of the first packet, seconds after the start: no switch falls on a whole minute, since the clock goes on by 60 ms at a time. */
const firstSeconds = 30.007;
const firstMillis = (start + firstSeconds) * 1000;
const minutes = long ? 14 : 7;

const nsg = `${network}/networkSecurityGroups/web`;
const vnet = `${network}/virtualNetworks/vnet`;

type Opened = Awaited<ReturnType<typeof openPlane>>;

/** Packets of one NIC for some minutes: short and long connections, denied ones, and flows that end by their timeouts. */
function traffic(seed: number): Sent[] {
  const random = randomFrom(seed);
  const sent: Sent[] = [[firstSeconds, '203.0.113.1:50000', '10.0.0.4:443', 'S']];
  for (let at = firstSeconds + 0.1; at < firstSeconds + minutes * 60; at += random(400) / 1000) {
    const far = `203.0.113.${1 + random(3)}:${50000 + random(25)}`;
    const near = `10.0.0.4:${[443, 443, 22, 53][random(4)]}`;
    const flags = (['S', 'A', 'FA', 'R', 'U', 'A'] as const)[random(6)];
    sent.push(random(3) === 0 ? [at, near, far, flags] : [at, far, near, flags]);
  }
  return sent;
}

/** Whole numbers below `end`. */
function randomFrom(seed: number): (end: number) => number {
  let state = seed | 1;
  return (end) => {
    state = Math.imul(state, 1664525) + 1013904223;
    return Math.floor(((state >>> 0) / 2 ** 32) * end);
  };
}

/** Replays packets, with the clock in the test's hands. */
class Replaying {
  readonly plane: Opened;
  readonly accounts: Accounts;
  readonly lines: string[] = [];
  readonly #stop = new AbortController();
  readonly #recorder: Recorder;
  readonly #running: Promise<void>;
  readonly #startMillis: number;

  private constructor(plane: Opened, accounts: Accounts, capture: string) {
    this.plane = plane;
    this.accounts = accounts;
    this.#startMillis = plane.clock.millis;
    this.#recorder = new Recorder({
      input: { kind: 'capture', paths: [capture], pace, shiftNow: false, loop: false },
      quirks: defaultQuirks,
      control: plane.plane,
      accounts,
      spoolFolder: join(plane.folder, 'spool'),
      stop: this.#stop.signal,
      log: (line) => this.lines.push(line),
      now: () => plane.clock.millis,
    });
    this.#running = this.#recorder.run();
  }

  static async begin(plane: Opened, packets: readonly Sent[]): Promise<Replaying> {
    const capture = join(plane.folder, 'traffic.pcap');
    await writeFile(capture, pcapOf(packets));
    const accounts = await Accounts.open(join(plane.folder, 'accounts'), plane.plane, []);
    const replaying = new Replaying(plane, accounts, capture);
    await replaying.seen(1);
    return replaying;
  }

  /** The replay's clock. */
  get millis(): number {
    return Math.round(firstMillis + (this.plane.clock.millis - this.#startMillis) * pace);
  }

  /** Sets the clock to a time of the replay, or the first after it. */
  goTo(millis: number): void {
    this.plane.clock.millis = this.#startMillis + Math.ceil((millis - firstMillis) / pace);
  }

  /** Waits until the recorder has read so many packets. */
  async seen(packets: number): Promise<void> {
    while (this.#recorder.figures().packets < packets) await turn();
  }

  /** Lets the rest of the capture pass, and reads every blob of an account. */
  async end(...names: string[]): Promise<Written[][]> {
    this.goTo(firstMillis + (minutes + 5) * 60_000);
    while (!this.lines.includes('the capture has ended')) await turn();
    this.#stop.abort();
    await this.#running;
    return await Promise.all(names.map((name) => readWritten(this.accounts.account(name))));
  }
}

/** Every tuple that a recording of the packets has in some format, were its flow log always on. */
async function allTuples(plane: Opened, packets: readonly Sent[], format: FlowLogSettings['format']) {
  const capture = join(plane.folder, 'whole.pcap');
  await writeFile(capture, pcapOf(packets));
  const to = memoryAccount();
  const targetId = format === 'vnet' ? vnet : nsg;
  await record({
    input: captureInput([capture]),
    network: plane.plane.network(),
    flowLogs: [{ id: 'whole', guid: '', targetId, format, storage: '' }],
    mac: undefined,
    local: [],
    accountOf: () => to,
    formats: [],
    flowTimeoutMinutes: undefined,
  });
  return (await readWritten(to)).map(({ rule: name, tuple }) => ({ name, tuple, millis: millisOf(tuple) }));
}

function millisOf(tuple: string): number {
  const time = tuple.slice(0, tuple.indexOf(','));
  return time.length === 13 ? Number(time) : Number(time) * 1000;
}

/** How one flow log is set from some time on; `on` is `undefined` where it is off. */
interface Setting {
  readonly fromMillis: number;
  readonly on: { readonly format: string; readonly storage: string; readonly criteria: string | undefined } | undefined;
}

/** What was set at a time. */
function at(settings: readonly Setting[], millis: number): Setting['on'] {
  return settings.findLast(({ fromMillis }) => fromMillis <= millis)?.on;
}

function text(name: string, tuple: string): string {
  return `${name} ${tuple}`;
}

let plane: Opened;

beforeEach(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
  const place = { location: 'westeurope', kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
  await plane.put(account('others'), place);
});

afterEach(() => plane.end());

describe('a flow log that is switched at random times of a replay', () => {
  test(
    `holds the tuples of its enabled spans, and no others, after ${switches} switches`,
    { timeout: 120_000 },
    async () => {
      const seed = 20261129;
      const random = randomFrom(seed);
      const packets = traffic(seed);
      const replaying = await Replaying.begin(plane, packets);
      const ids = ['nsg-log', 'vnet-log', 'subnet-log'].map((name) => `${watcher}/flowLogs/${name}`);
      const settings = new Map<string, Setting[]>(ids.map((id) => [resourceKey(id), []]));
      plane.plane.onChange(({ id, type }) => {
        if (type !== flowLogType) return;
        const state = plane.plane.flowLog(id);
        const on = state?.enabled === true ? { ...state, criteria: state.enabledFilteringCriteria } : undefined;
        settings.get(resourceKey(id))!.push({ fromMillis: replaying.millis, on });
      });
      for (let i = 0; i < switches; i++) {
        replaying.goTo(replaying.millis + random((2 * minutes * 60_000) / switches));
        const which = random(3);
        const logs = {
          storageId: account(random(4) === 0 ? 'others' : 'logs'),
          enabled: random(2) === 0,
        };
        if (random(8) === 0) await plane.ask('DELETE', ids[which]);
        else if (which === 0)
          await plane.put(ids[0], flowLogBody({ ...logs, format: { type: 'JSON', version: 1 + random(2) } }));
        else {
          const targetResourceId = which === 1 ? vnet : `${vnet}/subnets/default`;
          const enabledFilteringCriteria = random(3) === 0 ? 'DstPort=443' : '';
          await plane.put(ids[which], flowLogBody({ ...logs, targetResourceId, enabledFilteringCriteria }));
        }
        await turn();
      }
      const [logs, others] = await replaying.end('logs', 'others');

      const wanted: string[] = [];
      const [nsgLog, vnetLog, subnetLog] = ids.map((id) => settings.get(resourceKey(id))!);
      for (const format of ['nsg1', 'nsg2'] as const)
        for (const { name, tuple, millis } of await allTuples(plane, packets, format)) {
          const set = at(nsgLog, millis);
          if (set?.format === format) wanted.push(`${set.storage} WEB ${text(name, tuple)}`);
        }
      for (const { name, tuple, millis } of await allTuples(plane, packets, 'vnet')) {
        const narrow = at(subnetLog, millis);
        const set = narrow ?? at(vnetLog, millis);
        if (set === undefined || (set.criteria !== undefined && tuple.split(',')[4] !== '443')) continue;
        const log = narrow === undefined ? 'VNET-LOG' : 'SUBNET-LOG';
        wanted.push(`${set.storage} ${log} ${text(name, tuple)}`);
      }
      const found = [...logs.map(show('logs')), ...others.map(show('others'))];
      expect(found.sort()).toEqual(wanted.sort());
      expect(wanted.length).toBeGreaterThan(100);
    },
  );
});

/** Epoch milliseconds of a time so many seconds after the start. */
const after = (seconds: number): number => (start + seconds) * 1000;

/** A new connection each second from the first packet to `end`. */
function eachSecond(end: number): Sent[] {
  return Array.from({ length: Math.floor(end - firstSeconds) }, (_, i) => [
    firstSeconds + i,
    `203.0.113.1:${50000 + i}`,
    '10.0.0.4:443',
    'S',
  ]);
}

describe('a switch in the first seconds of a minute, when the minute before is not written yet', () => {
  // The last packet before 10:02 comes three seconds before it, the next one ten seconds after it: until then nothing tells that the minute has ended.
  const packets: Sent[] = [
    ...eachSecond(200).filter(([seconds]) => seconds < 117 || seconds > 130),
    // When all flows before have ended by their timeouts.
    [600, '203.0.113.9:50000', '10.0.0.4:443', 'S'],
  ];
  const body = (enabled: boolean): JsonObject => flowLogBody({ enabled, format: { type: 'JSON', version: 2 } });
  const before = packets.filter(([seconds]) => seconds < 117).length;
  const id = `${watcher}/flowLogs/nsg-log`;

  test('does not make a flow log hold that minute, which is not written', async () => {
    const replaying = await Replaying.begin(plane, packets);
    replaying.goTo(after(118));
    await replaying.seen(before);
    replaying.goTo(after(121));
    await plane.put(id, body(true));
    const [logs] = await replaying.end('logs');
    const times = logs.map(({ tuple }) => millisOf(tuple));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(after(121));
    expect(times.length).toBeGreaterThan(60);
    expect((await recordTimes(replaying))[0]).toBe('10:03:00');
  });

  test('does not keep that minute out of a flow log that was on, and the next one is not written', async () => {
    await plane.put(id, body(true));
    const replaying = await Replaying.begin(plane, packets);
    replaying.goTo(after(118));
    await replaying.seen(before);
    replaying.goTo(after(121));
    await plane.put(id, body(false));
    const [logs] = await replaying.end('logs');
    expect(logs).toHaveLength(before);
    expect(await recordTimes(replaying)).toEqual(['10:01:00', '10:02:00']);
  });

  test('of rules counts from the next minute on, and each minute has the rules that were set before it', async () => {
    await plane.put(id, body(true));
    await plane.put(nsg, { location: 'westeurope', properties: { securityRules: [rule('Web', { priority: 103 })] } });
    const replaying = await Replaying.begin(plane, packets);
    const setRule = (access: string, priority: number): Promise<JsonObject> =>
      plane.put(`${nsg}/securityRules/${access}${priority}`, {
        properties: rule('', { access, priority })['properties']!,
      });
    replaying.goTo(after(118));
    await replaying.seen(before);
    await setRule('Deny', 102);
    replaying.goTo(after(121));
    await setRule('Allow', 101);
    const [logs] = await replaying.end('logs');
    const names = (from: number, until: number): string[] => [
      ...new Set(
        logs
          .filter(({ tuple }) => tuple.split(',')[8] !== 'E')
          .filter(({ tuple }) => millisOf(tuple) >= after(from) && millisOf(tuple) < after(until))
          .map((written) => written.rule),
      ),
    ];
    expect(names(0, 120)).toEqual(['UserRule_Web']);
    expect(names(120, 180)).toEqual(['UserRule_Deny102']);
    expect(names(180, 240)).toEqual(['UserRule_Allow101']);
  });
});

/** The times of all records of the account `logs`, in order, without the date. */
async function recordTimes(replaying: Replaying): Promise<string[]> {
  const times: string[] = [];
  const to = replaying.accounts.account('logs');
  for await (const name of to.containers())
    for await (const { name: blob } of to.container(name).list()) {
      const bytes = Buffer.from((await to.container(name).read(blob)).bytes).toString();
      times.push(...[...bytes.matchAll(/"time":"[^"]*T(\d\d:\d\d:\d\d)/g)].map(([, time]) => time));
    }
  return times.sort();
}

function show(storage: string): (written: Written) => string {
  return ({ blob, rule: name, tuple }) => {
    const log = /NETWORKSECURITYGROUPS\/([^/]+)/.exec(blob)?.[1] ?? /_([^/_]+)\/y=/.exec(blob)?.[1] ?? blob;
    return `${storage} ${log} ${text(name, tuple)}`;
  };
}
