import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counterMax, packCounter } from '../../src/flowlog/counter.ts';
import { ByteWriter } from '../../src/flowlog/byte-writer.ts';
import type { TupleKernel } from '../../src/flowlog/tuple-kernel.ts';
import { createTupleKernel } from '../../src/flowlog/tuple-kernel.ts';
import { hasTuple, writeTuple } from '../../src/flowlog/tuple-text.ts';
import type { TupleColumns } from '../../src/flowlog/tuple.ts';
import { createTupleColumns, encryptionNames } from '../../src/flowlog/tuple.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const kernel = createTupleKernel() as TupleKernel;

const word = fc.oneof(fc.constantFrom(0, 0xffff, 0x10000, 0xffffffff), fc.nat(0xffffffff));
const mapped = fc.tuple(fc.constant(0), fc.constant(0), fc.constant(0xffff), word);
const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: counterMax }).map(packCounter),
  fc.constantFrom(packCounter(counterMax), packCounter(2n ** 53n), 2 ** 60),
  fc.constant(Number.NaN),
  fc.constantFrom(0, 9, 10, 99, 100, 999, 999_999_999, 1e9, 1e9 + 1, 4_294_967_296, Number.MAX_SAFE_INTEGER),
  fc.nat(2_000_000),
  fc.maxSafeNat(),
);
const row = fc.record({
  timeMillis: fc.oneof(
    fc.constantFrom(0, 999.9, 999_999_999_999, 1e12, 4_294_967_295_999.9),
    fc.double({ min: 0, max: 4e12, noNaN: true }),
  ),
  family: fc.constantFrom(4, 4, 6, 6, 46, 64),
  source: fc.oneof(fc.tuple(word, word, word, word), mapped),
  destination: fc.tuple(word, word, word, word),
  sourcePort: fc.nat(65_535),
  destinationPort: fc.oneof(fc.nat(65_535), fc.nat(99)),
  protocol: fc.constantFrom(6, 17, 1, 132, 255),
  direction: fc.nat(1),
  access: fc.nat(1),
  state: fc.nat(4),
  encryption: fc.nat(encryptionNames.length - 1),
  counters: fc.tuple(counter, counter, counter, counter),
});

function columnsOf(rows: readonly (typeof row extends fc.Arbitrary<infer Row> ? Row : never)[]) {
  const columns = createTupleColumns(Math.max(1, rows.length));
  for (const { source, destination, counters, ...values } of rows) {
    const at = columns.count++;
    for (const [key, value] of Object.entries(values)) columns[key as keyof typeof values][at] = value;
    columns.source.set(source, 4 * at);
    columns.destination.set(destination, 4 * at);
    columns.packetsForward[at] = counters[0];
    columns.bytesForward[at] = counters[1];
    columns.packetsReverse[at] = counters[2];
    columns.bytesReverse[at] = counters[3];
  }
  return columns;
}

function copyRow(from: TupleColumns, row: number, to: TupleColumns, at: number): void {
  for (const [key, column] of Object.entries(from) as [keyof TupleColumns, TupleColumns[keyof TupleColumns]][]) {
    if (typeof column === 'number' || key === 'count') continue;
    const width = key === 'source' || key === 'destination' ? 4 : 1;
    to[key].set(column.subarray(width * row, width * row + width), width * at);
  }
}

test('the kernel writes what writeTuple writes, for any rows in any order', () => {
  const numRuns = long ? 5000 : 300;
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 60 }),
      fc.constantFrom('nsg1', 'nsg2', 'vnet'),
      fc.boolean(),
      (all, format, isMany) => {
        const columns = columnsOf(isMany ? Array.from({ length: 20 }, () => all).flat() : all);
        const rows = Uint32Array.from({ length: columns.count }, (_, at) => columns.count - 1 - at).filter((at) =>
          hasTuple(format, columns, at),
        );
        const bytes = new Uint8Array(300);
        const lines = Array.from(rows, (at) =>
          Buffer.from(bytes.subarray(0, writeTuple(format, bytes, 0, columns, at))).toString('latin1'),
        );
        const writer = new ByteWriter(16);
        expect(kernel.write(format, writer, columns, rows, 0, rows.length)).toBe(true);
        const text = lines.map((line) => `"${line}"`).join(',');
        expect(Buffer.from(writer.toBytes()).toString('latin1')).toBe(text);
        const own = kernel.ordered.columns;
        rows.forEach((from, to) => copyRow(columns, from, own, 1000 + to));
        const ownRows = Uint32Array.from(rows, (_, at) => 1000 + at);
        writer.clear();
        expect(kernel.write(format, writer, own, ownRows, 0, rows.length)).toBe(true);
        expect(Buffer.from(writer.toBytes()).toString('latin1')).toBe(text);
        writer.clear();
        expect(kernel.write(format, writer, own, ownRows.toReversed(), 0, rows.length)).toBe(true);
        expect(Buffer.from(writer.toBytes()).toString('latin1')).toBe(
          lines
            .map((line) => `"${line}"`)
            .reverse()
            .join(','),
        );
      },
    ),
    { seed: 21, numRuns },
  );
});

test('a time of more than 32 bits of seconds is left to writeTuple', () => {
  const columns = createTupleColumns(1);
  columns.timeMillis[0] = 2 ** 32 * 1000;
  expect(kernel.write('nsg2', new ByteWriter(), columns, Uint32Array.of(0), 0, 1)).toBe(false);
  const many = createTupleColumns(1025);
  many.family.fill(4);
  many.timeMillis[1024] = -1;
  const writer = new ByteWriter();
  writer.writeText('before');
  const rows = Uint32Array.from({ length: 1025 }, (_, row) => row);
  expect(kernel.write('nsg2', writer, many, rows, 0, 1025)).toBe(false);
  expect(Buffer.from(writer.toBytes()).toString()).toBe('before');
});
