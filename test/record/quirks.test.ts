import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultQuirks, parseQuirks, quirkTable } from '../../src/record/quirks.ts';

describe('quirks', () => {
  test('are set by name and value in any casing, the last of one name counting; the others have their defaults', () => {
    expect(parseQuirks(['UDPCOUNTERS=Zero', 'byteLength=frame', 'byteLength=ip'])).toEqual({
      ...defaultQuirks,
      udpCounters: 'zero',
    });
  });

  test.each([
    ['udp', 'names no quirk: give NAME=VALUE'],
    ['=x', 'names no quirk'],
    ['toString=1', 'names no quirk'],
    ['udpCounters=1', 'the quirk udpCounters is one of counted, zero'],
    ['icmp=logged', 'the quirk icmp is one of not-logged'],
  ])('%s is refused', (text, sentence) => expect(() => parseQuirks([text])).toThrow(sentence));

  test('docs/reference/quirks.md has each with its values, effect and source', () => {
    const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reference', 'quirks.md'), 'utf8');
    const unwrapped = document.replaceAll(/(?<=\S)\n(?=\S)/g, ' ');
    for (const [name, { values, effect, source }] of Object.entries(quirkTable)) {
      expect(document).toContain(`| \`${name}\` | ${values.map((value) => `\`${value}\``).join(', ')} |\n`);
      expect(unwrapped).toContain(`\n## ${name}\n\n${effect}\n\nSource: ${source}\n`);
    }
    const named = [...document.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(named).toEqual(Object.keys(quirkTable));
  });
});
