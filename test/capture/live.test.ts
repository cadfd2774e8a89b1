import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { FlowError } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import type { LiveCapture, LiveSettings } from '../../src/capture/live.ts';
import { openLive } from '../../src/capture/live.ts';

/** Scripts that act as tcpdump, so that no network, no root and no tcpdump is needed; test/record/live.test.ts has the real one. */
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-live-'));
const pathBefore = process.env['PATH'];
const counters = { refused: new Counters<never>(), damage: new Counters<never>() };

/** A pcap header, and `count` packets of 4 bytes that had 60 on the wire. */
function pcap(count: number, timeSeconds: number): Buffer {
  const bytes = Buffer.alloc(24 + 20 * count);
  bytes.writeUInt32LE(0xa1b23c4d, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(128, 16);
  bytes.writeUInt32LE(1, 20);
  for (let i = 0; i < count; i++) {
    bytes.writeUInt32LE(timeSeconds, 24 + 20 * i);
    bytes.writeUInt32LE(4, 32 + 20 * i);
    bytes.writeUInt32LE(60, 36 + 20 * i);
  }
  return bytes;
}

function tool(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const listening = 'echo "tcpdump: listening on eth7, link-type EN10MB" >&2';
const figures = (captured: number, received: number, dropped: number): string =>
  `printf '%s\\n' '${captured} packets captured' '${received} packets received by filter' '${dropped} packets dropped by kernel' >&2`;
/** Waits for SIGTERM in a way that a shell's trap can interrupt. */
const wait = 'while :; do sleep 0.05; done';

/** A tcpdump that writes `packets.pcap`, and `more.pcap` and the figures when it is stopped. */
function goodTool(captured: number, received: number, dropped: number): string {
  const end = `cat ${folder}/more.pcap; ${figures(captured, received, dropped)}; exit 0`;
  writeFileSync(join(folder, 'end.sh'), end);
  return `trap '. ${folder}/end.sh' TERM\n${listening}\ncat ${folder}/packets.pcap\n${wait}`;
}

function open(settings: Partial<LiveSettings> = {}): Promise<LiveCapture> {
  return openLive(
    {
      interface: 'eth7',
      filter: undefined,
      snapLength: 128,
      maxMillis: undefined,
      maxBytes: undefined,
      stop: new AbortController().signal,
      ...settings,
    },
    counters,
  );
}

async function readAll(capture: LiveCapture): Promise<{ packets: number; idle: number }> {
  const batch = createCaptureBatch(limits.batchPackets);
  const sums = { packets: 0, idle: 0 };
  while (await capture.next(batch)) {
    sums.packets += batch.count;
    if (batch.count === 0) sums.idle++;
  }
  await capture.close();
  return sums;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FlowError) return error.code;
    throw error;
  }
  return 'none';
}

describe.skipIf(process.platform !== 'linux')('a live capture', () => {
  beforeEach(() => {
    process.env['PATH'] = `${folder}${delimiter}${pathBefore}`;
    writeFileSync(join(folder, 'packets.pcap'), pcap(1000, 1_700_000_000));
    writeFileSync(join(folder, 'more.pcap'), pcap(5, 1_700_000_001).subarray(24));
  });
  afterEach(() => {
    process.env['PATH'] = pathBefore;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is idle while nothing comes, and reads to the end what the tool still holds when it is stopped', async () => {
    tool('tcpdump', goodTool(1005, 1010, 2));
    const stop = new AbortController();
    const capture = await open({ stop: stop.signal });
    setTimeout(() => stop.abort(), 600);
    const { packets, idle } = await readAll(capture);
    expect(packets).toBe(1005);
    expect(idle).toBeGreaterThan(2);
    expect(capture.failure).toBeUndefined();
  });

  test.each([
    ['dropped by the kernel', 1005, 1012, 7, 7],
    ['lost between tool and nsgflow', 1009, 1009, 0, 4],
  ])('counts packets %s', async (_, captured, received, dropped, expected) => {
    tool('tcpdump', goodTool(captured, received, dropped));
    const capture = await open({ maxMillis: 300 });
    expect((await readAll(capture)).packets).toBe(1005);
    expect(capture.dropped).toBe(expected);
  });

  test('stops by itself at its maximum of bytes', async () => {
    tool('tcpdump', goodTool(1005, 1005, 0));
    expect((await readAll(await open({ maxBytes: 60_000 }))).packets).toBe(1005);
  });

  test('that ends by itself says why, and counts what the kernel dropped', async () => {
    const complaint = 'echo "tcpdump: pcap_loop: The interface disappeared" >&2';
    tool('tcpdump', `${listening}\ncat ${folder}/packets.pcap\n${complaint}\n${figures(1000, 1003, 3)}\nexit 1`);
    const capture = await open();
    expect((await readAll(capture)).packets).toBe(1000);
    expect(capture.failure).toBe('the capture on eth7 ended by itself: pcap_loop: The interface disappeared');
    expect(capture.dropped).toBe(3);
  });

  test('whose tool is killed in the middle of a packet does not know what was dropped', async () => {
    tool('tcpdump', `${listening}\nhead -c 1030 ${folder}/packets.pcap\nkill -9 $$`);
    const capture = await open();
    expect((await readAll(capture)).packets).toBe(50);
    expect(capture.dropped).toBeUndefined();
    expect(capture.failure).toMatch(/ended by itself/);
    expect(counters.damage.total + counters.refused.total).toBe(1);
  });

  test('before the first packet can be stopped', async () => {
    writeFileSync(join(folder, 'packets.pcap'), '');
    writeFileSync(join(folder, 'more.pcap'), '');
    tool('tcpdump', goodTool(0, 0, 0));
    const capture = await open({ maxMillis: 1 });
    expect((await readAll(capture)).packets).toBe(0);
    expect([capture.dropped, capture.failure]).toEqual([0, undefined]);
  });

  test('that is closed early leaves no tool behind', async () => {
    tool('tcpdump', `echo $$ > ${folder}/pid\n${listening}\n${wait}`);
    const capture = await open();
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    const isRunning = (): boolean => {
      const path = `/proc/${pid}/stat`;
      return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z ');
    };
    expect(isRunning()).toBe(true);
    await capture.close();
    expect(isRunning()).toBe(false);
  });

  test('has an identity of its own each time', async () => {
    tool('tcpdump', goodTool(0, 0, 0));
    const first = await open();
    await first.close();
    const second = await open();
    await second.close();
    expect(first.identity).toMatch(/^[0-9a-f]{64}$/);
    expect(second.identity).not.toBe(first.identity);
  });

  test('takes dumpcap where there is no tcpdump, and says so where there is neither', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    process.env['PATH'] = elsewhere;
    expect(await codeOf(open())).toBe('capture-tool-missing');
    const words =
      "Capturing on 'eth7'\nFile: -\nPackets captured: 1000\n" +
      "Packets received/dropped on interface 'eth7': 1000/9 (pcap:9/dumpcap:0/flushed:0/ps_ifdrop:0) (99.1%)\n";
    writeFileSync(join(folder, 'words'), words);
    tool(join('elsewhere', 'dumpcap'), `/bin/cat ${folder}/words >&2\nexec /bin/cat ${folder}/packets.pcap`);
    const capture = await open();
    expect((await readAll(capture)).packets).toBe(1000);
    expect(capture.dropped).toBe(9);
  });

  test('whose tool ends before the first packet is read is read whole', async () => {
    tool('tcpdump', `${listening}\ncat ${folder}/packets.pcap\n${figures(1000, 1000, 0)}`);
    const capture = await open();
    await sleep(300);
    expect((await readAll(capture)).packets).toBe(1000);
    expect(capture.dropped).toBe(0);
  });

  test('that is not permitted, or not there, fails with the reason', async () => {
    tool(
      'tcpdump',
      `echo "tcpdump: eth7: You don't have permission to perform this capture on that device" >&2; exit 1`,
    );
    expect(await codeOf(open())).toBe('permission');
    tool('tcpdump', 'echo "tcpdump: eth7: No such device exists" >&2; exit 1');
    expect(await codeOf(open())).toBe('not-found');
    chmodSync(join(folder, 'tcpdump'), 0o644);
    process.env['PATH'] = folder;
    expect(await codeOf(open())).toBe('permission');
  });
});
