import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeResult } from '../../src/cli/output/output.ts';
import type { Result, TableStyle } from '../../src/cli/output/result.ts';
import { parseSort, shaped } from '../../src/cli/output/shape.ts';
import { durationText, withUnit } from '../../src/cli/output/units.ts';

async function tableOf(result: Result, style: Partial<TableStyle> = {}): Promise<string> {
  const out = new PassThrough();
  const all = text(out);
  await writeResult(result, 'table', out, { width: 0, color: false, ...style });
  out.end();
  return all;
}

async function rowsOf({ chunks }: Result): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return rows;
}

const flow: Result = {
  columns: [
    { name: 'time', kind: 'time' },
    { name: 'access', kind: 'text' },
    { name: 'source', kind: 'text' },
    { name: 'destination', kind: 'text' },
    { name: 'rule', kind: 'text' },
    { name: 'bytes', kind: 'number' },
    { name: 'state', kind: 'text' },
    { name: 'nsg', kind: 'text' },
    { name: 'mac', kind: 'text' },
    { name: 'resource', kind: 'text' },
  ],
  chunks: [
    [
      [
        '2026-11-20T10:00:00Z',
        'deny',
        '[2001:db8:1234:5678::25]:50123',
        '198.51.100.123:54321',
        'UserRule_DenyDatabasesFromElsewhere',
        51_300_000,
        'denied',
        'NSG-WEB',
        '000D3A112233',
        '/SUBSCRIPTIONS/0',
      ],
    ],
  ],
};

describe('a terminal that is too narrow', () => {
  test('has MAC, resource, state and NSG left out, and cells that wrap', async () => {
    let out: readonly string[] = [];
    const shown = await tableOf(flow, { width: 80, isTerminal: true, onLeftOut: (names) => (out = names) });
    expect(out).toEqual(['state', 'nsg', 'mac', 'resource']);
    expect(shown.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(shown).toBe(
      [
        'TIME      ACCESS  SOURCE  DESTINATION      RULE             BYTES',
        '10:00:00  deny    [2001:db8:1234:5678::25]:50123',
        '                          198.51.100.123:  UserRule_Deny  51.3 MB',
        '                          54321            DatabasesFrom',
        '                                           Elsewhere',
        '',
      ].join('\n'),
    );
  });

  test.each([20, 30, 40, 60, 80, 100, 120, 140, 200])('cuts no address, port or rule at %d columns', async (width) => {
    const shown = await tableOf(flow, { width, isTerminal: true });
    const cells = shown
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));
    const joined = cells.flat().join('').replaceAll(' ', '');
    const [row] = (await rowsOf(flow)) as string[][];
    const letters = (of: string): string => [...of].sort().join('');
    const expected = [row[1], row[2], row[3], row[4]].join('');
    for (const letter of new Set(expected))
      expect(letters(joined).split(letter).length, letter).toBeGreaterThanOrEqual(expected.split(letter).length);
    expect(shown).not.toContain('…');
  });

  test('has a line for each cell where even that is not enough', async () => {
    expect(await tableOf(flow, { width: 30, isTerminal: true })).toBe(
      [
        'TIME         10:00:00',
        'ACCESS       deny',
        'SOURCE',
        '  [2001:db8:1234:5678::25]',
        '  :50123',
        'DESTINATION  198.51.100.123:',
        '             54321',
        'RULE         UserRule_Deny',
        '             DatabasesFrom',
        '             Elsewhere',
        'BYTES        51.3 MB',
        '',
        '',
      ].join('\n'),
    );
  });

  test('keeps columns that the command says', async () => {
    const shown = await tableOf({ ...flow, keep: ['state'] }, { width: 80, isTerminal: true });
    expect(shown).toMatch(/^TIME .* STATE$/m);
    expect(shown).not.toContain('MAC');
  });

  test('shows every column if no width is set', async () => {
    expect(await tableOf(flow)).toContain('/SUBSCRIPTIONS/0');
  });
});

test('an address is never broken, and no line is longer than the terminal', async () => {
  const group = fc.integer({ min: 0, max: 65_535 }).map((value) => value.toString(16));
  const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
  const ipv4 = fc.ipV4();
  const end = fc.oneof(
    ipv6.map((text) => [text, text]),
    ipv6.map((text) => [`[${text}]:443`, `[${text}]`]),
    ipv6.map((text) => [`${text}/64`, `${text}/64`]),
    ipv4.map((text) => [`${text}:65535`, text]),
    fc.tuple(ipv6, ipv4).map(([six, four]) => [`${four}, ${six}, ${four}`, six]),
  );
  const row = fc.tuple(end, end, fc.constantFrom('AllowWeb', 'DefaultRule_DenyAllInBound'));
  const columns = ['source', 'destination', 'rule'].map((name) => ({ name, kind: 'text' as const }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 48, max: 120 }),
      async (rows, width) => {
        const chunks = [rows.map(([source, destination, rule]) => [source[0], destination[0], rule])];
        const lines = (await tableOf({ columns, chunks }, { width, isTerminal: true })).split('\n');
        expect(lines.filter(({ length }) => length > width)).toEqual([]);
        for (const [source, destination] of rows)
          for (const [, address] of [source, destination])
            expect(
              lines.some((line) => line.includes(address)),
              lines.join('\n'),
            ).toBe(true);
      },
    ),
    { numRuns: process.env['NSGFLOW_LONG'] === '1' ? 2000 : 100 },
  );
});

test('cells that wrap keep every character, also hostile ones', async () => {
  const pieces = fc.constantFrom('a', 'Bc', '_', '-', '/', ' ', ':', ']', '😀', '\ud800', '日本', '\u001b[2J', '\n');
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
        { minLength: 1, maxLength: 6 },
      ),
      fc.integer({ min: 1, max: 60 }),
      async (cells, width) => {
        const columns = cells.map((_, i) => ({ name: `c${i}`, kind: 'text' as const }));
        const shown = await tableOf({ columns, chunks: [[cells]] }, { width, isTerminal: true, noHeader: true });
        expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        const wide = await tableOf({ columns, chunks: [[cells]] }, { isTerminal: true, noHeader: true });
        const bag = (of: string): string => [...of.replace(/\s/g, '')].sort().join('');
        expect(bag(shown)).toBe(bag(wide));
      },
    ),
    { numRuns: process.env['NSGFLOW_LONG'] === '1' ? 2000 : 60 },
  );
});

test('rows after the first 1,000, which set the widths, are not cut', async () => {
  const rows = Array.from({ length: 1500 }, (_, i) => [i < 1200 ? 'a' : 'UserRule_ALongName', i]);
  const result: Result = {
    columns: [
      { name: 'rule', kind: 'text' },
      { name: 'place', kind: 'number' },
    ],
    chunks: [rows],
  };
  expect((await tableOf(result)).match(/UserRule_ALongName/g)).toHaveLength(300);
  expect(await tableOf(result, { width: 80, isTerminal: true })).not.toContain('…');
});

test('times of the first day are shown without a date, times of another day with it', async () => {
  let date = '';
  const result: Result = {
    columns: [
      { name: 'time', kind: 'time' },
      { name: 'last_time', kind: 'time' },
    ],
    chunks: [[['2026-11-20T10:00:00Z', '2026-11-21T10:00:00.000Z']]],
  };
  const shown = await tableOf(result, { width: 80, isTerminal: true, onDate: (day) => (date = day) });
  expect([shown, date]).toEqual(['TIME      LAST_TIME\n10:00:00  2026-11-21 10:00:00\n', '2026-11-20']);
});

describe('numbers', () => {
  const numbers = (...values: unknown[]): Result => ({
    columns: [
      { name: 'bytes', kind: 'number' },
      { name: 'bits_per_second', kind: 'number', unit: 'bits/s' },
      { name: 'ratio', kind: 'number' },
      { name: 'lag_seconds', kind: 'number' },
      { name: 'dst_port', kind: 'number' },
      { name: 'packets', kind: 'number' },
    ],
    chunks: [values.map((value) => [value, value, value, value, value, value])],
  });

  test('have units on a terminal, with decimal points in one line', async () => {
    expect((await tableOf(numbers(7, 51_300_000, 2.5, null), { width: 140, isTerminal: true })).split('\n')).toEqual([
      '  BYTES  BITS_PER_SECOND       RATIO       LAG    DST_PORT       PACKETS',
      ' 7    B       7    bit/s         7.0        7s         7.0           7.0',
      '51.3 MB      51.3 Mbit/s  51300000.0  593d 18h  51300000.0  51,300,000.0',
      ' 3    B       3    bit/s         2.5        3s         2.5           2.5',
      '      -                -           -         -           -             -',
      '',
    ]);
  });

  test('are exact elsewhere', async () => {
    const [digits, most] = ['18446744073709551614', '18,446,744,073,709,551,614'];
    const shown = await tableOf(numbers(7, 51_300_000, digits));
    expect(shown.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
      ['BYTES', 'BITS_PER_SECOND', 'RATIO', 'LAG_SECONDS', 'DST_PORT', 'PACKETS'],
      ['7', '7', '7', '7', '7', '7'],
      ['51,300,000', '51,300,000', '51300000', '51,300,000', '51300000', '51,300,000'],
      [most, most, digits, most, digits, most],
      [''],
    ]);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.6, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [-51_300_000, '-51.3 MB'],
    [1e15, '1.0 PB'],
  ])('%d bytes are %s', (value, expected) => expect(withUnit(value, 'bytes')).toBe(expected));

  test.each([
    [0, '0s'],
    [59.4, '59s'],
    [60, '1m'],
    [7980, '2h 13m'],
    [86_400 * 2208 + 3, '2208d'],
    [-90, '-1m 30s'],
  ])('%d seconds are %s', (value, expected) => expect(durationText(value)).toBe(expected));
});

describe('--columns and --sort', () => {
  const result = (): Result => ({
    columns: [
      { name: 'name', kind: 'text' },
      { name: 'bytes_forward', kind: 'number' },
      { name: 'bytes_reverse', kind: 'number' },
    ],
    chunks: [
      [
        ['b', 1, 2],
        ['a', null, null],
      ],
      [
        ['c', '9223372036854775807', '9223372036854775807'],
        ['d', null, 1],
      ],
    ],
  });

  test('take and order columns; bytes is the sum of both directions', async () => {
    const sort = parseSort('bytes:desc');
    const shown = shaped(shaped(result(), { sort }), { columns: ['bytes', 'name'] });
    expect(await rowsOf(shown)).toEqual([
      ['18446744073709551614', 'c'],
      [3, 'b'],
      [1, 'd'],
      [null, 'a'],
    ]);
  });

  test('order all rows before some are taken, in any order of chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 8 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        async (chunks, limit, isDescending) => {
          const columns = [{ name: 'n', kind: 'number' as const }];
          const rows = chunks.map((chunk) => chunk.map((value) => [value]));
          const sorted = shaped({ columns, chunks: rows }, { sort: { column: 'n', isDescending }, limit });
          const values = chunks.flat();
          const counted = values.filter((value) => value !== null).sort((a, b) => (isDescending ? b - a : a - b));
          const expected = [...counted, ...values.filter((value) => value === null)].slice(0, limit);
          expect((await rowsOf(sorted)).flat()).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each(['name:down', ':desc', 'a:b:desc'])('--sort %s is refused', (order) => {
    expect(() => shaped(result(), { sort: parseSort(order) })).toThrow(/--sort/);
  });

  test('an unknown name gets the nearest', () => {
    expect(() => shaped(result(), { columns: ['nmae'] })).toThrow('--columns: there is no column "nmae"');
    try {
      shaped(result(), { columns: ['nmae'] });
    } catch (error) {
      expect(String((error as { hint?: string }).hint)).toContain('Did you mean name?');
    }
  });
});
