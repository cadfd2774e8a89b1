import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { captureIdentity } from '../../src/capture/identity.ts';
import { readCaptures } from '../../src/capture/merge-captures.ts';
import type { TestPacket } from './build-capture.ts';
import { buildPcap, filler } from './build-capture.ts';
import type { SeenCapture, SeenPacket } from './decode-all.ts';
import { createCounters, decodeAll, seeBatch } from './decode-all.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsgflow-merge-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function readMerged(paths: readonly string[]): Promise<SeenCapture> {
  const counters = createCounters();
  const reader = await readCaptures(paths, counters);
  const batch = createCaptureBatch(limits.batchPackets);
  const packets: SeenPacket[] = [];
  try {
    while (await reader.next(batch)) packets.push(...seeBatch(batch));
    expect(await reader.next(batch)).toBe(false);
    expect(reader.bytesRead).toBe(reader.bytesTotal);
  } finally {
    await reader.close();
  }
  return { packets, refused: counters.refused.toJSON(), damage: counters.damage.toJSON() };
}

/** The plain reading of the rule: always the earliest of the next packets, the first capture on ties. */
function mergePlainly(captures: readonly (readonly SeenPacket[])[]): SeenPacket[] {
  const heads = captures.map(() => 0);
  const merged: SeenPacket[] = [];
  for (;;) {
    let best = -1;
    for (const [at, packets] of captures.entries()) {
      const packet = packets[heads[at]];
      if (packet === undefined) continue;
      const chosen = best < 0 ? undefined : captures[best][heads[best]];
      if (
        chosen === undefined ||
        packet.seconds < chosen.seconds ||
        (packet.seconds === chosen.seconds && packet.nanos < chosen.nanos)
      )
        best = at;
    }
    if (best < 0) return merged;
    merged.push(captures[best][heads[best]++]);
  }
}

function packet(seconds: number, nanos: number, first: number): TestPacket {
  return { bytes: filler(first, 20), seconds, nanos };
}

describe('several captures', () => {
  test('are merged by time, to the nanosecond, the first named first on ties', async () => {
    const magic = 0xa1b23c4d;
    const a = write('a.pcap', buildPcap([packet(1, 5, 0xa0), packet(2, 7, 0xa1), packet(2, 7, 0xa2)], { magic }));
    const b = write('b.pcap', buildPcap([packet(1, 4, 0xb0), packet(2, 7, 0xb1), packet(2, 8, 0xb2)], { magic }));
    const firsts = (seen: SeenCapture) => seen.packets.map(({ hex }) => hex.slice(0, 2)).join(' ');
    expect(firsts(await readMerged([a, b]))).toBe('b0 a0 a1 a2 b1 b2');
    expect(firsts(await readMerged([b, a]))).toBe('b0 a0 b1 a1 a2 b2');
  });

  test('keep the order that each has within itself', async () => {
    const a = write('a.pcap', buildPcap([packet(5, 0, 0xa0), packet(1, 0, 0xa1), packet(9, 0, 0xa2)]));
    const b = write('b.pcap', buildPcap([packet(2, 0, 0xb0), packet(6, 0, 0xb1)]));
    const seen = await readMerged([a, b]);
    expect(seen.packets.map(({ hex }) => hex.slice(0, 2)).join(' ')).toBe('b0 a0 a1 b1 a2');
  });

  test('give what the plain rule gives, whatever their times and lengths', async () => {
    const packets = fc.array(fc.record({ seconds: fc.nat(3), micros: fc.nat(3), length: fc.nat(2000) }), {
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { minLength: 2, maxLength: 6 }), async (captures) => {
        const files = captures.map((rows, capture) =>
          buildPcap(
            rows.map(({ seconds, micros, length }, row) => ({
              bytes: filler(capture * 40 + row, length),
              seconds,
              nanos: micros * 1000,
            })),
          ),
        );
        const seen = await readMerged(files.map((file, at) => write(`${at}.pcap`, file)));
        expect(seen.packets).toEqual(mergePlainly(files.map((file) => decodeAll(file).packets)));
      }),
      { seed: 20_260_302, numRuns: long ? 300 : 15 },
    );
  });

  test('of which one outlasts the other by many batches', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => packet(at, 0, at & 255));
    const files = [buildPcap(many), buildPcap([packet(2500, 1000, 0xbb)]), buildPcap([])];
    const seen = await readMerged(files.map((file, at) => write(`${at}.pcap`, file)));
    expect(seen.packets).toHaveLength(5001);
    expect(seen.packets[2501].hex.slice(0, 2)).toBe('bb');
  });

  test('count their damage once each', async () => {
    const cut = buildPcap([packet(1, 0, 1)]).subarray(0, 50);
    const oversized = buildPcap([{ ...packet(1, 0, 1), capturedLength: 400_000 }]);
    const paths = [write('cut.pcap', cut), write('oversized.pcap', oversized), write('a.pcap', buildPcap([]))];
    expect(await readMerged(paths)).toEqual({
      packets: [],
      refused: { cut: 1, oversized: 1 },
      damage: { 'cut-tail': 1 },
    });
  });

  test('may be hundreds that follow one another', async () => {
    const paths = Array.from({ length: limits.capturesOpenMax + 50 }, (_, at) =>
      write(`part-${at}.pcap`, buildPcap([packet(2 * at, 0, at & 255), packet(2 * at + 1, 0, at & 255)])),
    );
    const seen = await readMerged(paths.toReversed());
    expect(seen.packets.map(({ seconds }) => seconds)).toEqual(Array.from({ length: 2 * paths.length }, (_, at) => at));
  });

  test('that overlap beyond the limit are refused with what to do', async () => {
    const path = write('wide.pcap', buildPcap([packet(1, 0, 1), packet(1000, 0, 2)]));
    const paths = Array.from({ length: limits.capturesOpenMax + 1 }, () => path);
    await expect(readMerged(paths)).rejects.toMatchObject({ code: 'usage', hint: /mergecap/ });
  });

  test('of which one is no capture are refused', async () => {
    const good = write('a.pcap', buildPcap([packet(1, 0, 1)]));
    const bad = write('bad', Buffer.from('no capture'));
    await expect(readMerged([good, bad])).rejects.toMatchObject({ code: 'capture-invalid' });
  });
});

describe('the identity of an input', () => {
  test('is the SHA-256 of the SHA-256 of the first MiB and the length of each capture, whatever their names', async () => {
    const large = buildPcap(Array.from({ length: 5 }, () => ({ bytes: new Uint8Array(300_000) })));
    const small = buildPcap([packet(1, 0, 1)]);
    const expected = createHash('sha256');
    for (const file of [large, small]) {
      expected.update(createHash('sha256').update(file.subarray(0, 1_048_576)).digest());
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(file.length));
      expected.update(length);
    }
    const paths = [write('large.pcap', large), write('small.pcap', small)];
    const identity = await captureIdentity(paths);
    expect(identity).toBe(expected.digest('hex'));
    const renamed = [write('other.pcap', large), paths[1]];
    expect(await captureIdentity(renamed)).toBe(identity);
    expect(await captureIdentity(paths.toReversed())).not.toBe(identity);
    const reader = await readCaptures(paths, createCounters());
    expect(reader.identity).toBe(identity);
    await reader.close();
  });

  test('of a file that is missing is an error, and so is that of a stream', async () => {
    await expect(captureIdentity([join(folder, 'missing')])).rejects.toMatchObject({ code: 'not-found' });
    await expect(captureIdentity(['-'])).rejects.toMatchObject({ code: 'usage' });
  });
});
