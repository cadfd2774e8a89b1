import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rejectionReasons } from '../../src/flowlog/rejection.ts';

test('docs/reference/formats.md lists every reason for a rejection, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/formats.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('| reason |'));
  const listed = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  expect(listed.sort()).toEqual(Object.keys(rejectionReasons).sort());
});
