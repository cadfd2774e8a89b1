import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { SpoolSegment } from '../../src/deliver/spool-segment.ts';
import { decodeSegment, encodeSegment } from '../../src/deliver/spool-segment.ts';
import { laneOf } from '../../src/deliver/spool.ts';

const bytes = Uint8Array.from([1, 2, 3]);
const block = { container: 'c', blob: 'b', id: '0'.repeat(32), tuples: 1, bytes };
const rest = { account: '/srv/logs', minuteMillis: 60_000 };

function segmentTo(destination: { storage: string; sender?: string }): SpoolSegment {
  return { ...destination, ...rest, blocks: [{ ...destination, ...block }] };
}

test('a segment comes back as it was, with and without a sender', () => {
  for (const destination of [{ storage: '' }, { storage: 'logs', sender: '6f9a' }]) {
    const segment = segmentTo(destination);
    expect(decodeSegment(encodeSegment(segment))).toEqual({
      ...segment,
      blocks: [{ ...segment.blocks[0], bytes: Buffer.from(bytes) }],
    });
  }
});

test('a segment of an earlier version, with account and sender in one text, is delivered to the same lane', () => {
  const header = { storage: 'logs#6f9a', ...rest, blocks: [{ ...block, bytes: undefined, lengthBytes: 3 }] };
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), bytes]);
  const head = `nsgflow-spool 1 ${crc32(body).toString(16).padStart(8, '0')}\n`;
  const segment = decodeSegment(Buffer.concat([Buffer.from(head), body]));
  expect(segment).toMatchObject({ storage: 'logs', sender: '6f9a', blocks: [{ storage: 'logs', sender: '6f9a' }] });
  // The hash that earlier versions gave their files: of the text and the place.
  expect(laneOf(segment!, rest.account)).toBe(laneOf({ storage: 'logs#6f9a' }, rest.account));
});
