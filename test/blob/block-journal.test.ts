import { describe, expect, test } from 'vitest';
import {
  formatInsert,
  formatPut,
  insertVersion,
  lastText,
  parseJournal,
  putVersion,
  versionAt,
} from '../../src/blob/block-journal.ts';
import type { JournalBlock, Version } from '../../src/blob/block-journal.ts';
import { bytes, id } from './contract.ts';

function block(n: number, lengthBytes: number): JournalBlock {
  return { id: id('D', n), lengthBytes, crc32: (n * 2_654_435_761) >>> 0 };
}

/** The journal of a blob with `inserts` appends, and its versions. */
function journal(inserts: number): { text: string; versions: Version[] } {
  let version = putVersion([block(0, 12), block(1, 100), block(2, 2)], ']}');
  let text = formatPut(version);
  const versions = [version];
  for (let n = 0; n < inserts; n++) {
    const inserted = [block(10 + 2 * n, 1000), block(11 + 2 * n, 50)];
    const next = insertVersion(version, inserted);
    text += formatInsert(version.fingerprint, inserted, next);
    version = next;
    versions.push(version);
  }
  return { text, versions };
}

/** All bytes in the long run; those that mean something in JSON, and some that do not, otherwise. */
const otherBytes =
  process.env['NSGFLOW_LONG'] === '1'
    ? Array.from({ length: 256 }, (_, byte) => byte)
    : [...Buffer.from('\0\n ",:[]{}019aez\\\xff', 'latin1')];

describe('the block journal', () => {
  test('looks as its description says', () => {
    const first = putVersion([block(0, 12), block(2, 2)], ']}');
    const second = insertVersion(first, [block(1, 7)]);
    expect(formatPut(first)).toBe(
      `{"put":[["${id('D', 0)}",12,"00000000"],["${id('D', 2)}",2,"3c6ef362"]],"last":"]}","list":"${first.fingerprint}"}\n`,
    );
    expect(formatInsert(first.fingerprint, [block(1, 7)], second)).toBe(
      `{"after":"${first.fingerprint}","insert":[["${id('D', 1)}",7,"9e3779b1"]],"list":"${second.fingerprint}"}\n`,
    );
  });

  test('gives every version back that was written', () => {
    const { text, versions } = journal(20);
    const lines = parseJournal(text);
    expect(lines.map((_, index) => versionAt(lines, index))).toEqual(versions);
    expect(lines.at(-1)?.end).toBe(text.length);
    expect(versions.at(-1)?.lengthBytes).toBe(114 + 20 * 1050);
    expect(versions[1].blocks.map(({ id }) => id)).toEqual([0, 1, 10, 11, 2].map((n) => id('D', n)));
  });

  test('keeps a short printable last block as text, and no other', () => {
    expect(lastText(bytes(']}'))).toBe(']}');
    expect(lastText(bytes('\n]}'))).toBeUndefined();
    expect(lastText(new Uint8Array(65).fill(0x61))).toBeUndefined();
    const long = putVersion([block(0, 12), block(1, 100)], undefined);
    const next = insertVersion(long, [block(2, 5)]);
    const text = formatPut(long) + formatInsert(long.fingerprint, [block(2, 5)], next);
    expect(parseJournal(text)).toHaveLength(1);
  });

  test('cut off anywhere, it gives the versions of its whole lines', () => {
    const { text, versions } = journal(2);
    for (let length = 0; length <= text.length; length++) {
      const lines = parseJournal(text.slice(0, length));
      expect(lines).toHaveLength(text.slice(0, length).split('\n').length - 1);
      for (const [index] of lines.entries()) expect(versionAt(lines, index)).toEqual(versions[index]);
    }
  });

  test('with any one byte changed, it gives versions that were written, or none', () => {
    const { text, versions } = journal(2);
    const known = new Set(versions.map((version) => JSON.stringify(version)));
    for (let at = 0; at < text.length; at++)
      for (const byte of [text.charCodeAt(at) ^ 1, ...otherBytes]) {
        const lines = parseJournal(text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1));
        for (const [index] of lines.entries()) expect(known.has(JSON.stringify(versionAt(lines, index)))).toBe(true);
      }
  });

  test.each([
    '\n',
    'null\n',
    '[]\n',
    '{"put":{},"list":"x"}\n',
    '{"put":[["a",-1,"00000000"]],"list":"x"}\n',
    '{"put":[["a",1e300,"00000000"]],"list":"x"}\n',
    '{"put":[["a",1,"zz"]],"last":7,"list":"x"}\n',
    '{"insert":[],"after":"nothing","list":"x"}\n',
    `${'['.repeat(20_000)}\n`,
  ])('takes %j for no line', (line) => {
    const { text } = journal(1);
    expect(parseJournal(line)).toEqual([]);
    expect(parseJournal(text + line)).toHaveLength(2);
  });

  test('of a million lines that are none is given up early', () => {
    const { text } = journal(1);
    expect(parseJournal(text + '\n'.repeat(1000))).toHaveLength(2);
    expect(parseJournal(text + '\n'.repeat(1_000_000))).toEqual([]);
  });
});
