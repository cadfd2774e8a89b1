import { describe, expect, test, vi } from 'vitest';
import { decodeFlowLog, FlowLogDecoder } from '../../src/flowlog/decode.ts';
import { rowsMax, windowLength } from '../../src/flowlog/scan-kernel-layout.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { TupleScanner } from '../../src/flowlog/tuple-scanner.ts';

const head =
  '{"records":[{"time":"2026-11-20T13:00:00.0000000Z","category":"NetworkSecurityGroupFlowEvent","resourceId":"/X","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"UserRule_a","flows":[{"mac":"000D3AF87856","flowTuples":[';
const tail = ']}]}]}}]}';

/** Tuples of which each says its own number, in its ports and counters. */
function tuple(i: number): string {
  const time = 1_763_600_000 + (i % 3600);
  return i % 3 === 0
    ? `"${time},10.0.${i & 255}.4,13.67.143.${(i >> 8) & 255},${i % 65_536},443,T,O,A,B,,,,"`
    : `"${time},10.0.0.4,2603:1030::${(i & 0xffff).toString(16)},${i % 65_536},443,T,O,A,E,${i % 1000},${i},1,${i % 77}"`;
}

function check({ tuples, rejections }: FlowLog, from: number, count: number): void {
  expect(rejections).toEqual([]);
  expect(tuples.count).toBe(count);
  let wrong = 0;
  for (let row = 0; row < count; row++) {
    const i = from + row;
    const counted = i % 3 !== 0;
    const right =
      tuples.sourcePort[row] === i % 65_536 &&
      tuples.timeMillis[row] === (1_763_600_000 + (i % 3600)) * 1000 &&
      tuples.family[row] === (counted ? 46 : 4) &&
      (counted ? tuples.destination[4 * row + 3] === (i & 0xffff) : (tuples.source[4 * row + 3] & 255) === 4) &&
      (counted ? tuples.bytesForward[row] === i : Number.isNaN(tuples.bytesForward[row]));
    if (!right) wrong++;
  }
  expect(wrong).toBe(0);
}

function logOf(from: number, count: number): Uint8Array {
  const tuples = Array.from({ length: count }, (_, i) => tuple(from + i));
  return new TextEncoder().encode(head + tuples.join(',') + tail);
}

describe('the scanner of tuples', () => {
  test('reads on over the ends of its window and of its columns', () => {
    const count = rowsMax + 40_000;
    const bytes = logOf(0, count);
    expect(bytes.length).toBeGreaterThan(40 * windowLength);
    const read = vi.spyOn(TupleScanner.prototype, 'read');
    check(decodeFlowLog(bytes), 0, count);
    const bytesRead = read.mock.calls.reduce(
      (sum, call, i) => sum + (read.mock.results[i].value as number) - call[1],
      0,
    );
    read.mockRestore();
    expect(bytesRead, 'bytes of plain tuples, which the kernel must not leave').toBeGreaterThan(0.99 * bytes.length);
  });

  test('keeps nothing of one input for the next, even in the same memory', () => {
    const decoder = new FlowLogDecoder();
    const memory = new Uint8Array(100_000);
    for (const [from, count] of [
      [1, 900],
      [70_000, 20],
      [5, 900],
      [9, 1],
    ]) {
      const bytes = logOf(from, count);
      memory.set(bytes);
      check(decoder.decode(memory.subarray(0, bytes.length)), from, count);
    }
  });

  test('a log that was decoded stays as it is when others are', () => {
    const first = decodeFlowLog(logOf(3, 500));
    decodeFlowLog(logOf(1000, 700));
    check(first, 3, 500);
  });
});
