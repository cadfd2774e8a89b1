import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import { cutSamples } from './cut-samples.ts';
import { Read } from './read.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const encoder = new TextEncoder();

function readWhole(bytes: Uint8Array): Read {
  const read = new Read();
  read.add(decodeFlowLog(bytes), 0);
  return read;
}

/** Reads pieces that end at these positions, and each next one from the cut of the one before. */
function readPieces(bytes: Uint8Array, ends: readonly number[]): Read {
  const read = new Read();
  let at = 0;
  let head = '';
  for (const end of ends) {
    const log = decodeFlowLog(bytes.subarray(at, end), { head, goesOn: true });
    read.add(log, at);
    head = log.cut?.head ?? '';
    at = log.cut === undefined ? end : at + log.cut.startByte;
  }
  read.add(decodeFlowLog(bytes.subarray(at), { head }), at);
  return read;
}

describe.each(cutSamples(long))('%s', (_name, text) => {
  const bytes = encoder.encode(text);
  const whole = readWhole(bytes);

  test('cut in two at any byte, it gives what it gives whole', () => {
    expect(whole.tuples.length).toBeGreaterThan(0);
    for (let end = 0; end <= bytes.length; end += long ? 1 : 3)
      if (readPieces(bytes, [end]).text !== whole.text)
        expect(readPieces(bytes, [end]), `cut at ${end}`).toEqual(whole);
  });

  test('in pieces of any size, it gives what it gives whole', () => {
    for (let size = long ? 1 : 7; size < bytes.length; size = Math.ceil(size * (long ? 1.1 : 4))) {
      const ends = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => size * (i + 1));
      if (readPieces(bytes, ends).text !== whole.text)
        expect(readPieces(bytes, ends), `pieces of ${size}`).toEqual(whole);
    }
  });

  test('damaged, and cut at any two bytes, it gives what it gives whole', () => {
    const hurts = fc.constantFrom(
      ...'"\\{}[],:0x \n',
      '"flowTuples":["',
      '{"rule":"',
      ']}]}',
      '{"records":[',
      '{"a":[{}]},',
      '',
    );
    fc.assert(
      fc.property(
        fc.nat(bytes.length),
        fc.nat(8),
        hurts,
        fc.array(fc.nat(bytes.length), { minLength: 1, maxLength: 3 }),
        (at, gone, put, cuts) => {
          const damaged = encoder.encode(text.slice(0, at) + put + text.slice(at + gone));
          const expected = readWhole(damaged);
          const ends = [...cuts].sort((a, b) => a - b);
          if (readPieces(damaged, ends).text !== expected.text) expect(readPieces(damaged, ends)).toEqual(expected);
        },
      ),
      { numRuns: long ? 700 : 10, seed: 20_251_120 },
    );
  });
});
