import { expect, test } from 'vitest';
import { decodeText } from '../../src/base/text.ts';

const text = 'größe 😀 "x"';

test('UTF-8 and UTF-16 are read, and their byte order mark is no part of the text', () => {
  const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
  const big = Buffer.from(little).swap16();
  for (const bytes of [Buffer.from(text), Buffer.from(`\uFEFF${text}`), little, big])
    expect(decodeText(bytes)).toBe(text);
  expect(decodeText(new Uint8Array(0))).toBe('');
});
