/** Texts made from the cases by cutting, doubling, nesting and mixing: each has an answer or an error with a code, and never a stack in its message. */
import { afterAll, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { askKql } from '../../../src/query/kql/kql.ts';
import { lakeTables } from '../../../src/query/kql/lake-tables.ts';
import { kqlCases } from './cases.ts';

const textsAsked = process.env['NSGFLOW_LONG'] === '1' ? 500 : 25;
const seed = 20261130;
const memoryBytes = 256 << 20;
/** No answer of a few rows needs so many; a mutated range may have them. */
const rowsRead = 10_000;

const engine = openEngineWithoutLake();
afterAll(() => engine.close());

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const strange = [
  '\u0000',
  '\u202e',
  'é',
  '日本',
  '😀',
  '\ud800',
  '`',
  '"',
  "'",
  '@"',
  '\\',
  '\r\n',
  '//',
  '```',
  '$',
  '{x}',
  '%',
  ';',
  '|',
  '[',
  ']',
];
const words = [
  'let',
  'union',
  'join kind=inner',
  'summarize',
  'by',
  'where',
  '..',
  'null',
  'dynamic([',
  'datatable(',
  '-',
  '1e999',
  '0x',
  'time(',
];

type Mutation = (text: string, below: (count: number) => number, other: string) => string;

const mutations: Readonly<Record<string, Mutation>> = {
  cut: (text, below) => text.slice(0, below(text.length)),
  'without a piece': (text, below) => {
    const at = below(text.length);
    return text.slice(0, at) + text.slice(at + 1 + below(12));
  },
  doubled: (text) => `${text}\n${text}`,
  'doubled piece': (text, below) => {
    const at = below(text.length);
    const end = at + below(40);
    return text.slice(0, end) + text.slice(at);
  },
  'strange character': (text, below) => {
    const at = below(text.length);
    return text.slice(0, at) + strange[below(strange.length)] + text.slice(at);
  },
  'strange word': (text, below) => {
    const at = below(text.length);
    return `${text.slice(0, at)} ${words[below(words.length)]} ${text.slice(at)}`;
  },
  'two mixed': (text, below, other) => text.slice(0, below(text.length)) + other.slice(below(other.length)),
  'as a piece of another': (text, _, other) => `${other}\n| join kind=inner (${text}) on $left.n == $right.n`,
  'deep brackets': (text, below) => `${'('.repeat(below(300))}${text}`,
  'deep calls': (_, below) => {
    const depth = below(200);
    return `print x = ${'abs('.repeat(depth)}1${')'.repeat(depth)}`;
  },
  'deep operators': (_, below) => `print x = 1${' + 1'.repeat(below(400))}`,
  '20 kB': (text) => `${text}\n${'| where 1 == 1\n'.repeat(60)}// ${'long '.repeat(4000)}`.slice(0, 20_480),
};

test(
  `${textsAsked} hostile texts have an answer or an error with a code (seed ${seed})`,
  { timeout: 900_000 },
  async () => {
    const random = randomFrom(seed);
    const below = (count: number): number => Math.floor(random() * Math.max(1, count));
    const cases = kqlCases();
    const kinds = Object.entries(mutations);
    const faults: string[] = [];
    for (let i = 0; i < textsAsked; i++) {
      const [kind, mutate] = kinds[i % kinds.length];
      const text = mutate(cases[below(cases.length)].query, below, cases[below(cases.length)].query);
      const why = await faultOf(text);
      if (why !== undefined) faults.push(`${kind}: ${why}\n    ${JSON.stringify(text.slice(0, 400))}`);
    }
    expect(faults).toEqual([]);
  },
);

/** `undefined` where a text is treated as it should be. */
async function faultOf(text: string): Promise<string | undefined> {
  try {
    const { answer } = await askKql(engine, text, { tables: lakeTables }, { bounds: { memoryBytes } });
    let rows = 0;
    for await (const chunk of answer.chunks) if ((rows += chunk.length) > rowsRead) break;
    return undefined;
  } catch (error) {
    if (!(error instanceof FlowError)) return `no error of nsgflow: ${String(error).slice(0, 300)}`;
    if (error.code === 'bug' || error.code === 'io') return `${error.code}: ${error.message.slice(0, 300)}`;
    if (error.message.length > 2000) return `a message of ${error.message.length} characters`;
    return /\bat .+:\d+:\d+/.test(error.message) ? `a stack: ${error.message.slice(0, 300)}` : undefined;
  }
}
