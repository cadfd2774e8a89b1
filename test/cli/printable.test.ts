import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { TextFormat } from '../../src/cli/output/output.ts';
import type { Result } from '../../src/cli/output/result.ts';
import { outputFormats, writeResult } from '../../src/cli/output/output.ts';
import { printable, printableCell } from '../../src/cli/output/printable.ts';
import { yamlText } from '../../src/cli/output/yaml-text.ts';
import { nsgflow } from './nsgflow.ts';

const numRuns = process.env['NSGFLOW_LONG'] === '1' ? 5000 : 200;

/** Escape sequences, bells, DEL, C1, bidirectional controls, zero width, tags, separators, half a pair; and what is safe beside them. */
const pieces = [
  '\u001b[2J',
  '\u001b]0;x\u0007',
  '\u007f',
  '\u0085',
  '\u009b31m',
  '\u00ad',
  '\u061c',
  '\u200b',
  '\u200e',
]
  .concat(['\u2028', '\u2029', '\u202e', '\u2066', '\u2069', '\ufeff', '\u{e0041}', '\ud800', '\0', '\t', '\r', '\n'])
  .concat(['EVIL', 'ü', '日本', '😀', '"', "'", '\\', ',', '|', '-', ': ', '#', '=', '{']);
const hostile = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
/** Half a surrogate pair has no UTF-8. */
const wellFormed = hostile.map((one) => Buffer.from(one).toString());
/** Tabs separate the cells of tsv. */
const withoutTabs = (tsv: string): string => tsv.replaceAll('\t', ' ');
const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const textFormats = outputFormats.filter((format): format is TextFormat => format !== 'parquet');

async function written(names: readonly string[], row: readonly string[], format: TextFormat, isTerminal: boolean) {
  const result: Result = { columns: names.map((name) => ({ name, kind: 'text' })), chunks: [[[...row]]] };
  const out = new PassThrough();
  const all = buffer(out);
  await writeResult(result, format, out, { width: isTerminal ? 80 : 0, color: false, isTerminal });
  out.end();
  return (await all).toString();
}

describe.each(textFormats)('%s', (format) => {
  test('sends no unsafe character of names and values to a terminal', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (name, value, other) => {
        const shown = await written([name, 'b'], [value, other], format, true);
        expect(format === 'tsv' ? withoutTabs(shown) : shown).not.toMatch(unsafe);
      }),
      { numRuns },
    );
  });
});

test('json, jsonl, yaml and tsv are safe wherever they go, and stand for the same', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (name, value) => {
      fc.pre(name !== '__proto__');
      const expected = { [name]: value };
      const json = await written([name], [value], 'json', false);
      const jsonl = await written([name], [value], 'jsonl', false);
      for (const one of [json, jsonl]) expect(one).not.toMatch(unsafe);
      expect([JSON.parse(json), JSON.parse(jsonl)]).toEqual([[expected], expected]);
    }),
    { numRuns },
  );
  await fc.assert(
    fc.asyncProperty(wellFormed, wellFormed, async (name, value) => {
      fc.pre(name !== '__proto__');
      const yaml = await written(['name', 'value'], [name, value], 'yaml', false);
      expect(yaml).not.toMatch(unsafe);
      expect(parse(yaml)).toEqual([{ name, value }]);
      expect(parse(await yamlText({ [`k${value}`]: name }))).toEqual({ [`k${value}`]: name });
      const tsv = await written(['a', 'b'], [name, value], 'tsv', false);
      expect(withoutTabs(tsv)).not.toMatch(unsafe);
      expect(tsv.split('\n')[1].split('\t').map(unescapeTsv)).toEqual([name, value]);
    }),
    { numRuns },
  );
});

/** As docs/reference/cli.md describes it. */
function unescapeTsv(cell: string): string {
  return cell.replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, code: string | undefined, letter: string) =>
    code === undefined
      ? ({ t: '\t', n: '\n', r: '\r' }[letter] ?? letter)
      : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

test('csv for a file or a pipe has every character of a value, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(wellFormed, wellFormed, async (name, value) => {
      const csv = await written([name], [value], 'csv', false);
      const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
      expect(csv).toBe(`${quoted(name)}\n${quoted(value)}\n`);
    }),
    { numRuns },
  );
});

test('csv cells that a spreadsheet takes for formulas stay as they are', async () => {
  expect(await written(['rule'], ['=1+1'], 'csv', false)).toBe('rule\n=1+1\n');
});

test('lines for people keep their line breaks, cells do not', () => {
  expect(printable('a\nb\r\u202ec')).toBe('a\nb··c');
  expect(printableCell('a\nb')).toBe('a·b');
});

describe('commands', () => {
  const evil = '\u001b[2J\u001b]0;x\u0007\u007f\u009b\u202eEVIL';
  let folder: string;
  let logs: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nsgflow-printable-'));
    logs = join(folder, 'logs\u202e\u001b[2J');
    await mkdir(logs);
    const rules = [evil, `${evil}2`].map((rule, i) => ({
      rule,
      flows: [{ mac: '000D3AF87856', flowTuples: [`1764417600,10.0.0.1,10.0.0.${i + 2},5000,443,T,O,A,B,,,,`] }],
    }));
    const record = {
      time: '2025-11-29T12:00:00Z',
      macAddress: '000D3AF87856',
      category: 'NetworkSecurityGroupFlowEvent',
      resourceId: `/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/${evil}`,
      operationName: 'NetworkSecurityGroupFlowEvents',
      properties: { Version: 2, flows: rules },
    };
    await writeFile(join(logs, `a${evil.replaceAll('/', '')}.json`), JSON.stringify({ records: [record] }));
    await writeFile(
      join(logs, `b${evil.replaceAll('/', '')}.json`),
      JSON.stringify({ records: [record] }).slice(0, -40),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['flows', '-o', 'table'],
    ['flows', '-o', 'md'],
    ['flows', '-o', 'json'],
    ['flows', '-o', 'tsv', '--explain'],
    ['matrix', '--by', 'src.ip,rule', '--metric', 'flows', '-o', 'table'],
    ['matrix', '--by', 'src.ip,rule', '--metric', 'flows', '-o', 'md'],
    ['top', '--by', 'rule,blob', '--metric', 'flows', '-o', 'yaml'],
    ['query', '--sql', `select 1 as "${evil}"`, '-o', 'table'],
    ['query', '--sql', `select ${evil}`],
    ['flows', `rule = "${evil}`],
    ['ingest', '--lake', 'LAKE', 'LOGS'],
    ['ingest', 'rejects', '--lake', 'LAKE', '-o', 'table'],
    ['ingest', 'status', '--lake', 'LAKE', '-o', 'table'],
    ['count', '--lake', `nowhere${evil}`],
    ['no\u202esuch'],
    ['flows', `--no\u001b[2Jsuch`],
    ['convert', 'LOGS', '--to', 'OUT', '--format', 'vnet'],
  ])('nsgflow %s %s %s shows no unsafe character', async (...words) => {
    const places: Record<string, string> = { LAKE: join(folder, 'lake'), LOGS: logs, OUT: join(folder, 'out') };
    const args = words.map((word) => places[word] ?? word);
    const asks = ['flows', 'matrix', 'top', 'query'].includes(words[0]) ? ['-i', logs] : [];
    const { out, err } = await nsgflow([...args, ...asks]);
    expect(out + err).not.toBe('');
    expect(words.includes('tsv') ? withoutTabs(out) : out).not.toMatch(unsafe);
    expect(err).not.toMatch(unsafe);
  });

  test('what commands say goes through the functions that make it printable', async () => {
    const source = join(import.meta.dirname, '../../src/cli');
    const direct: string[] = [];
    for (const name of (await readdir(source, { recursive: true })).filter((one) => one.endsWith('.ts'))) {
      const lines = (await readFile(join(source, name), 'utf8')).split('\n');
      direct.push(
        ...lines
          .filter((line) => /std(?:err|out)\.write|\bconsole\.(?:log|info|warn|error|debug)\(/.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      );
    }
    expect(direct.sort()).toEqual([
      "commands/blob-show.ts: if (!process.stdout.write(part)) await once(process.stdout, 'drain');",
      'commands/blob-show.ts: process.stdout.write(end);',
      'commands/completion.ts: process.stdout.write(script);',
      "commands/ingest.ts: if (isTTY) process.stderr.write('\\r\\u001b[2K');",
      'commands/ingest.ts: process.stderr.write(`\\r\\u001b[2K${printableCell(line).slice(0, columns - 1)}`);',
      'commands/serve.ts: process.stdout.write(formatEnvironment(environment, await shellAccess(dataFolder, environment, Date.now), shell));',
      "main.ts: if (args.length === 1 && args[0] === '--version') process.stdout.write(`${version()}\\n`);",
      "main.ts: process.stderr.write('\\nnsgflow: interrupted\\n');",
      "output/print.ts: if (!process.stdout.write(`${text}\\n`)) await once(process.stdout, 'drain');",
      'output/print.ts: process.stdout.write(await yamlText(picked));',
      'output/print.ts: process.stdout.write(clearing);',
      'output/printable.ts: process.stderr.write(`${isTTY && columns > 0 ? wrapLines(printable(text), columns) : printable(text)}\\n`);',
      'output/printable.ts: process.stdout.write(printable(text));',
      'program.ts: for (const word of await completeWords(program, words)) process.stdout.write(`${word}\\n`);',
      'program.ts: write: (text: string) => void = (text) => process.stdout.write(text),',
      "question/watch.ts: if (process.stderr.isTTY) process.stderr.write('\\n');",
    ]);
  });
});
