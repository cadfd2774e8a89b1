import { readFile, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { decodeText, withoutEnd } from '../../src/base/text.ts';

const text = 'größe 😀 "x"';

test('UTF-8 and UTF-16 are read, and their byte order mark is no part of the text', () => {
  const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
  const big = Buffer.from(little).swap16();
  for (const bytes of [Buffer.from(text), Buffer.from(`\uFEFF${text}`), little, big])
    expect(decodeText(bytes)).toBe(text);
  expect(decodeText(new Uint8Array(0))).toBe('');
});

test('characters at the end go, however many', () => {
  expect(withoutEnd('/a//b//', '/')).toBe('/a//b');
  expect(withoutEnd('c:\\a/\\', '/\\')).toBe('c:\\a');
  expect(withoutEnd('///', '/')).toBe('');
  expect(withoutEnd('', '/')).toBe('');
  // With a regular expression: hours.
  const slashes = '/'.repeat(4_000_000);
  expect(withoutEnd(`${slashes}x`, '/').length).toBe(4_000_001);
  expect(withoutEnd(slashes, '/')).toBe('');
});

test('no regular expression of the sources looks for the end behind a repetition that may begin anywhere', async () => {
  const folder = new URL('../../src/', import.meta.url);
  const repeated = /(?<![\\\w\]/^])\/(?:\[[^\]\n]+\]|\\.|[^\\/\s^*])[+*]\$\//g;
  expect('a.replace(/\\/+$/, "")').toMatch(repeated);
  expect('a.replace(/[/\\\\]+$/, "")').toMatch(repeated);
  const found: string[] = [];
  for (const name of await readdir(folder, { recursive: true }))
    if (name.endsWith('.ts'))
      for (const [at] of (await readFile(new URL(name, folder), 'utf8')).matchAll(repeated))
        found.push(`${name}: ${at}`);
  expect(found).toEqual([]);
});
