import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { openCapture } from '../../src/capture/read-capture.ts';
import type { TestPacket } from './build-capture.ts';
import { buildPcap, concat, filler } from './build-capture.ts';
import type { SeenCapture, SeenPacket } from './decode-all.ts';
import { createCounters, decodeAll, seeBatch } from './decode-all.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsgflow-capture-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function readAll(path: string, chunkBytes: number = limits.captureReadBytes): Promise<SeenCapture> {
  const counters = createCounters();
  const capture = await openCapture(path, counters, chunkBytes);
  const batch = createCaptureBatch(limits.batchPackets);
  const packets: SeenPacket[] = [];
  while (capture.nextNow(batch) || (await capture.next(batch))) packets.push(...seeBatch(batch));
  expect(await capture.next(batch)).toBe(false);
  await capture.close();
  return { packets, refused: counters.refused.toJSON(), damage: counters.damage.toJSON() };
}

/** Packets whose bytes gzip cannot foresee. */
function noise(count: number): TestPacket[] {
  let state = 1;
  return Array.from({ length: count }, (_, index) => {
    const bytes = Uint8Array.from({ length: 60 + (index % 900) }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    });
    return { bytes, seconds: 1_542_110_402 + index, nanos: index * 1000 };
  });
}

const capture = buildPcap(noise(3000));
const whole = decodeAll(capture);

describe('a capture file', () => {
  test.each([7, 1000, 65_536, limits.captureReadBytes])('is read in chunks of %d bytes', async (chunkBytes) => {
    const part = capture.subarray(0, 40_000);
    expect(await readAll(write('plain.pcap', part), chunkBytes)).toEqual(decodeAll(part));
  });

  test('tells how much of it has been read', async () => {
    const opened = await openCapture(write('plain.pcap', capture), createCounters(), 4096);
    expect(opened.bytesTotal).toBe(capture.length);
    expect(opened.bytesRead).toBeGreaterThan(0);
    expect(opened.bytesRead).toBeLessThan(20_000);
    const batch = createCaptureBatch(limits.batchPackets);
    while (await opened.next(batch));
    expect(opened.bytesRead).toBe(capture.length);
    await opened.close();
  });

  test('without packets has none', async () => {
    expect(await readAll(write('empty.pcap', buildPcap([])))).toEqual({ packets: [], refused: {}, damage: {} });
  });

  test('may be closed before its end', async () => {
    const opened = await openCapture(write('plain.pcap', capture), createCounters(), 4096);
    await opened.next(createCaptureBatch(limits.batchPackets));
    await opened.close();
  });

  test.skipIf(process.platform === 'win32')('may be a named pipe', async () => {
    const path = join(folder, 'pipe');
    execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
    const source = write('plain.pcap', capture);
    const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', source, path]);
    expect(await readAll(path)).toEqual(whole);
    writer.kill();
  });

  describe.skipIf(process.platform === 'win32')('that is a pipe whose writer does not end', () => {
    const path = (): string => {
      const made = join(folder, `pipe-${pipes++}`);
      execFileSync('sh', ['-c', 'mkfifo "$0"', made]);
      return made;
    };
    let pipes = 0;

    test('ends when it is stopped, with all that was on its way', async () => {
      const pipe = path();
      const half = Math.floor(capture.length / 2);
      const [first, second] = [write('first', capture.subarray(0, half)), write('second', capture.subarray(half))];
      const writer = spawn('sh', [
        '-c',
        'exec > "$2"; cat "$0"; read _; cat "$1"; exec sleep 600',
        first,
        second,
        pipe,
      ]);
      const counters = createCounters();
      const stop = new AbortController();
      const opened = await openCapture(pipe, counters, limits.captureReadBytes, stop.signal);
      const batch = createCaptureBatch(limits.batchPackets);
      const packets: SeenPacket[] = [];
      while (opened.bytesRead < half && (await opened.next(batch))) packets.push(...seeBatch(batch));
      stop.abort();
      writer.stdin.write('\n');
      while (await opened.next(batch)) packets.push(...seeBatch(batch));
      await opened.close();
      writer.kill();
      expect(packets).toEqual(whole.packets);
    });

    test.each([
      ['that nobody writes to', 'exec sleep 600'],
      ['through which nothing has come', 'exec > "$0"; exec sleep 600'],
    ])('is left when it is stopped: one %s', async (_, script) => {
      const pipe = path();
      const writer = spawn('sh', ['-c', script, pipe]);
      const stop = new AbortController();
      const opening = openCapture(pipe, createCounters(), limits.captureReadBytes, stop.signal);
      setTimeout(() => stop.abort(), 100);
      await expect(opening).rejects.toMatchObject({ code: 'interrupted' });
      writer.kill();
    });
  });

  test('that is missing, a folder, empty or something else is refused', async () => {
    await expect(readAll(join(folder, 'missing.pcap'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(readAll(folder)).rejects.toMatchObject({ code: 'capture-invalid', message: /it is a folder/ });
    await expect(readAll(write('nothing', new Uint8Array(0)))).rejects.toMatchObject({ code: 'capture-invalid' });
    await expect(readAll(write('text', Buffer.from('one\ntwo\n')))).rejects.toMatchObject({ code: 'capture-invalid' });
    await expect(readAll(write('one', new Uint8Array([0x1f])))).rejects.toMatchObject({ code: 'capture-invalid' });
    await expect(readAll(write('not.gz', gzipSync('no capture')))).rejects.toMatchObject({ code: 'capture-invalid' });
  });
});

describe('a capture file packed with gzip', () => {
  const packed = gzipSync(capture);

  test.each([1000, limits.captureReadBytes])('is read in chunks of %d bytes', async (chunkBytes) => {
    expect(await readAll(write('whole.pcap.gz', packed), chunkBytes)).toEqual(whole);
  });

  test('may have several members', async () => {
    const members = concat(gzipSync(capture.subarray(0, 777)), gzipSync(capture.subarray(777)));
    expect(await readAll(write('members.pcap.gz', members))).toEqual(whole);
  });

  test('that is cut gives what can be unpacked, and says so', async () => {
    for (const kept of [0.1, 0.5, 0.9]) {
      const seen = await readAll(write('cut.pcap.gz', packed.subarray(0, Math.floor(packed.length * kept))));
      expect(seen.damage).toMatchObject({ 'gzip-cut': 1 });
      expect(seen.packets).toEqual(whole.packets.slice(0, seen.packets.length));
      expect(seen.packets.length / whole.packets.length).toBeCloseTo(kept, 0.05);
    }
  });

  test('that lacks its last bytes gives all packets', async () => {
    const seen = await readAll(write('cut.pcap.gz', packed.subarray(0, -4)));
    expect(seen).toEqual({ ...whole, damage: { 'gzip-cut': 1 } });
  });

  test('whose check sum is wrong gives all packets, and says so', async () => {
    const changed = Buffer.from(packed);
    changed[changed.length - 8] ^= 1;
    expect(await readAll(write('sum.pcap.gz', changed))).toEqual({ ...whole, damage: { 'gzip-damaged': 1 } });
  });

  test('that is damaged in the middle gives the packets before the damage, and says so', async () => {
    const half = Math.floor(packed.length / 2);
    // A stored block whose length and its complement do not match cannot be unpacked.
    const damaged = concat(gzipSync(capture, { level: 0 }).subarray(0, half), new Uint8Array(200_000).fill(0x55));
    const seen = await readAll(write('damaged.pcap.gz', damaged));
    expect(seen.damage).toMatchObject({ 'gzip-damaged': 1 });
    expect(seen.packets.length).toBeGreaterThan(1300);
    expect(seen.packets.slice(0, 1300)).toEqual(whole.packets.slice(0, 1300));
  });

  test('every change of a byte of a small one is read, or refused as no capture', async () => {
    const small = gzipSync(buildPcap([{ bytes: filler(1, 40) }, { bytes: filler(9, 40) }]));
    for (let at = 2; at < small.length; at++) {
      const changed = Buffer.from(small);
      changed[at] ^= 0x5a;
      const path = write('small.pcap.gz', changed);
      await readAll(path).catch((error: unknown) => expect(error).toMatchObject({ code: 'capture-invalid' }));
    }
  });
});
