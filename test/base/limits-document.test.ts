import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';

/** To update the page: `npx vitest run test/base/limits-document.test.ts -u`. */
test('docs/reference/limits.md has every limit of src/base/limits.ts with its value and what happens there', async () => {
  const source = readFileSync(new URL('../../src/base/limits.ts', import.meta.url), 'utf8');
  const lines = sections(source.slice(source.indexOf('export const limits')));
  const page = [
    '# Limits',
    '',
    'Generated from `src/base/limits.ts`. Every queue, cache and buffer of nsgflow has a maximum, and so has every input.',
    'The tables say what happens at it. Values are fixed, except where a text names the option that sets them.',
    '',
    ...lines,
    '',
  ];
  for (const name of Object.keys(limits)) expect(lines.join('\n')).toContain(`\`${name}\``);
  await expect(page.join('\n')).toMatchFileSnapshot('../../docs/reference/limits.md');
});

/** A heading for each comment of one line, then a row for each docstring and the limits below it. */
function sections(source: string): string[] {
  const parts = source.matchAll(
    /^ {2}\/\/ (?<title>.*)$|^ {2}\/\*\*(?<text>[\s\S]*?)\*\/\n(?<entries>(?: {2}\w+:.*\n)+)/gm,
  );
  return [...parts].flatMap(({ groups = {} }, index) => {
    if (groups['title'] !== undefined)
      return [
        ...(index === 0 ? [] : ['']),
        `## ${groups['title']}`,
        '',
        '| limit | value | what it limits |',
        '|---|---|---|',
      ];
    const names = [...groups['entries'].matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name as keyof typeof limits);
    const text = groups['text']
      .replaceAll(/\s*\n\s*\*\s*/g, ' ')
      .trim()
      .replaceAll('|', '\\|');
    const values = names.map((name) => shownValue(name, limits[name]));
    return [`| ${names.map((name) => `\`${name}\``).join(', ')} | ${values.join(', ')} | ${text} |`];
  });
}

const units = [
  [
    'Millis',
    1000,
    [
      [3600, 'h'],
      [60, 'min'],
      [1, 's'],
    ],
  ],
  [
    'Bytes',
    1,
    [
      [1e9, 'GB'],
      [2 ** 30, 'GiB'],
      [2 ** 20, 'MiB'],
      [2 ** 10, 'KiB'],
    ],
  ],
] as const;

const words = {
  Chars: 'characters',
  Packets: 'packets',
  Rows: 'rows',
  Tuples: 'tuples',
  Steps: 'steps',
  Megabytes: 'MB',
};

function shownValue(name: string, value: number): string {
  if (name.endsWith('Share')) return `${value * 100} %`;
  for (const [ending, divisor, sizes] of units) {
    if (!name.includes(ending)) continue;
    const size = sizes.find(([unit]) => Number.isInteger(value / divisor / unit));
    if (size !== undefined) return `${value / divisor / size[0]} ${size[1]}`;
  }
  const word = Object.entries(words).find(([ending]) => name.replace(/M(ax|in)$/, '').endsWith(ending));
  return `${value.toLocaleString('en-US')}${word === undefined ? '' : ` ${word[1]}`}`;
}
