/** Primitives of texts. Regular expressions are always RE2's, in DuckDB: JavaScript's can take time without end. */
import { createHash } from 'node:crypto';
import { limits } from '../../../base/limits.ts';
import { call, number } from '../../sql/node.ts';
import { and, equal, join, less, minus, or, plus, quoted, when } from '../../sql/sql.ts';
import type { SqlExpression } from '../../sql/node.ts';
import { primitive } from '../rule.ts';
import { isArray, jsonText, parseJson } from '../values/json.ts';
import { escapeRegex, regularExpression } from '../values/regex.ts';

const characters = (text: string): string[] => Array.from(text);

const notTerm = String.raw`[^\p{L}\p{N}]`;
const before = `(^|${notTerm})`;
const after = `($|${notTerm})`;

/** Whether `term` is found with these borders; what is not found at all is not searched for by an expression. */
function hasValue(start: string, end: string) {
  return (text: string, term: string): boolean =>
    term === '' ||
    (text.includes(term) &&
      new RegExp(`${start}${escapeRegex(term).replaceAll('\\-', '-').replaceAll('\\/', '/')}${end}`, 'u').test(text));
}

function hasSql(start: string, end: string) {
  return (text: SqlExpression, term: SqlExpression): SqlExpression => {
    const pattern = join(quoted(start), call('regexp_escape', term), quoted(end));
    return or(equal(term, quoted('')), and(call('contains', text, term), call('regexp_matches', text, pattern)));
  };
}

const matchesOf = (text: string, pattern: string): RegExpMatchArray[] => [
  ...text.matchAll(regularExpression(pattern, 'g')),
];

const around = (start: string, pattern: SqlExpression, end: string): SqlExpression =>
  join(quoted(start), pattern, quoted(end));

const hasTerm = hasValue(before, after);

/** The texts of an array in lower case. */
function termsOf(array: string): string[] {
  const items = parseJson(array);
  return isArray(items) ? items.map((one) => (typeof one === 'string' ? one : jsonText(one)).toLowerCase()) : [];
}

export const textPrimitives = {
  text_length: primitive(
    ['text'],
    'long',
    (text) => BigInt(characters(text).length),
    (text) => call('length', text),
  ),
  text_bytes: primitive(
    ['text'],
    'long',
    (text) => BigInt(Buffer.byteLength(text)),
    (text) => call('strlen', text),
  ),
  text_contains: primitive(
    ['text', 'text'],
    'boolean',
    (text, part) => text.includes(part),
    (text, part) => call('contains', text, part),
  ),
  text_starts: primitive(
    ['text', 'text'],
    'boolean',
    (text, part) => text.startsWith(part),
    (text, part) => call('starts_with', text, part),
  ),
  text_ends: primitive(
    ['text', 'text'],
    'boolean',
    (text, part) => text.endsWith(part),
    (text, part) => call('ends_with', text, part),
  ),
  /** Whether a regular expression (RE2) matches a whole text. */
  matches_whole: primitive(
    ['text', 'text'],
    'boolean',
    (text, pattern) => regularExpression(`^(?:${pattern})$`).test(text),
    (text, pattern) => call('regexp_full_match', text, pattern),
  ),
  /** Whether a term, a run of letters and digits, is found. */
  text_has: primitive(['text', 'text'], 'boolean', hasValue(before, after), hasSql(before, after)),
  text_has_prefix: primitive(['text', 'text'], 'boolean', hasValue(before, ''), hasSql(before, '')),
  text_has_suffix: primitive(['text', 'text'], 'boolean', hasValue('', after), hasSql('', after)),
  /** Whether one of the terms of an array is found in a text of lower case. */
  text_has_any: primitive(['text', 'dynamic'], 'boolean', (text, terms) =>
    termsOf(terms).some((term) => hasTerm(text, term)),
  ),
  text_has_all: primitive(['text', 'dynamic'], 'boolean', (text, terms) =>
    termsOf(terms).every((term) => hasTerm(text, term)),
  ),
  array_lower: primitive(['dynamic'], 'dynamic', (terms) => jsonText(termsOf(terms))),
  /** From 0; before 0 it counts from the end. */
  text_substring: primitive(
    ['text', 'long', 'long'],
    'text',
    (text, start, length) => {
      const all = characters(text);
      const from = start >= 0n ? Number(start) : Math.max(all.length + Number(start), 0);
      return all.slice(from, from + Math.max(Number(length), 0)).join('');
    },
    (text, start, length) => {
      const fromEnd = call('greatest', plus(call('length', text), start), number(0));
      const from = plus(when([less(start, number(0)), fromEnd])(start), number(1));
      const cut = (of: SqlExpression): SqlExpression => call('least', of, number(2 ** 31 - 1));
      return call('substring', text, cut(from), cut(call('greatest', length, number(0))));
    },
    { guards: true },
  ),
  text_repeat: primitive(
    ['text', 'long'],
    'text',
    (text, count) => text.repeat(Math.min(Math.max(Number(count), 0), 1024)).slice(0, limits.kqlTextCharactersMax),
    undefined,
  ),
  text_replace: primitive(
    ['text', 'text', 'text'],
    'text',
    (text, part, by) => (part === '' ? text : text.replaceAll(part, () => by)),
    (text, part, by) => call('replace', text, part, by),
  ),
  /** The texts of an array, one after the other, become those of another; what was replaced is not searched again. */
  text_replace_all: primitive(['text', 'dynamic', 'dynamic'], 'text', (text, from, to) => {
    const [lookups, rewrites] = [from, to].map((one) => {
      const items = parseJson(one);
      return isArray(items) ? items : [];
    });
    // Parts in turn: of the text, and made.
    let parts = [text];
    for (const [i, lookup] of lookups.entries()) {
      // What is no text on either side replaces nothing.
      const rewrite = rewrites[i];
      if (typeof lookup === 'string' && typeof rewrite === 'string' && lookup !== '')
        parts = parts.flatMap((part, at) =>
          at % 2 === 1 ? [part] : part.split(lookup).flatMap((one, j) => (j === 0 ? [one] : [rewrite, one])),
        );
    }
    return parts.join('').slice(0, limits.kqlTextCharactersMax);
  }),
  text_reverse: primitive(
    ['text'],
    'text',
    (text) => characters(text).toReversed().join(''),
    (text) => call('reverse', text),
  ),
  /** The place from 0, or -1. */
  text_index: primitive(
    ['text', 'text'],
    'long',
    (text, part) => {
      const at = text.indexOf(part);
      return BigInt(at < 0 ? -1 : characters(text.slice(0, at)).length);
    },
    (text, part) => when([equal(part, quoted('')), number(0)])(minus(call('strpos', text, part), number(1))),
  ),
  /** The n-th occurrence within a part of the text; -1 if there is none. */
  text_index_in: primitive(
    ['text', 'text', 'long', 'long', 'long'],
    'long',
    (text, part, start, length, occurrence) => {
      const all = characters(text);
      const from = start < 0n ? Math.max(all.length + Number(start), 0) : Number(start);
      const window = all.slice(from, length < 0n ? undefined : from + Number(length)).join('');
      if (occurrence < 1n || from > all.length) return occurrence < 1n ? undefined : -1n;
      let at = -1;
      for (let i = 0n; i < occurrence; i++) {
        at = window.indexOf(part, at + 1);
        if (at < 0) return -1n;
      }
      return BigInt(from + characters(window.slice(0, at)).length);
    },
  ),
  text_count: primitive(['text', 'text'], 'long', (text, part) => {
    if (part === '') return 0n;
    let count = 0n;
    // Matches can overlap, as those of regular expressions cannot.
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count += 1n;
    return count;
  }),
  text_translate: primitive(['text', 'text', 'text'], 'text', (search, by, text) => {
    const [from, to] = [characters(search), characters(by)];
    return characters(text)
      .map((one) => {
        const at = from.indexOf(one);
        return at < 0 ? one : (to[Math.min(at, to.length - 1)] ?? '');
      })
      .join('');
  }),
  text_compare: primitive(
    ['text', 'text'],
    'long',
    (a, b) => BigInt(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))),
    (a, b) => ({ kind: 'cast', of: when([less(a, b), number(-1)], [less(b, a), number(1)])(number(0)), type: 'long' }),
    { guards: true },
  ),
  /** The array of the parts of a text. */
  text_split: primitive(
    ['text', 'text'],
    'dynamic',
    (text, delimiter) => jsonText(delimiter === '' ? [text] : text.split(delimiter)),
    (text, delimiter) =>
      when([equal(delimiter, quoted('')), jsonSql(call('list_value', text))])(
        jsonSql(call('string_split', text, delimiter)),
      ),
    { guards: true },
  ),

  /** What a group, which is a fixed number, matches first; empty if nothing does. */
  regex_extract: primitive(
    ['text', 'text', 'long'],
    'text',
    (text, pattern, group) => regularExpression(pattern).exec(text)?.[Number(group)] ?? '',
    (text, pattern, group) => call('regexp_extract', text, pattern, { kind: 'cast', of: group, type: 'integer' }),
  ),
  /** All that a group matches, as an array; null if nothing does. */
  regex_extract_all: primitive(
    ['text', 'text', 'long'],
    'dynamic',
    (text, pattern, group) => {
      const found = matchesOf(text, pattern);
      return found.length === 0 ? undefined : jsonText(found.map((one) => one[Number(group)] ?? ''));
    },
    (text, pattern, group) =>
      when([
        call('regexp_matches', text, pattern),
        jsonSql(call('regexp_extract_all', text, pattern, { kind: 'cast', of: group, type: 'integer' })),
      ])(),
  ),
  /** The place of the first match from 0, or -1. */
  regex_index: primitive(
    ['text', 'text'],
    'long',
    (text, pattern) => {
      const at = regularExpression(pattern).exec(text)?.index;
      return BigInt(at === undefined ? -1 : characters(text.slice(0, at)).length);
    },
    (text, pattern) =>
      when([
        call('regexp_matches', text, pattern),
        call('length', call('regexp_extract', text, around('(?s:^(.*?))(?:', pattern, ')'), number(1))),
      ])(number(-1)),
    { guards: true },
  ),
  regex_count: primitive(
    ['text', 'text'],
    'long',
    (text, pattern) => BigInt(matchesOf(text, pattern).length),
    (text, pattern) => call('len', call('regexp_extract_all', text, pattern)),
  ),
  regex_trim_start: primitive(
    ['text', 'text'],
    'text',
    (text, pattern) => text.replace(regularExpression(`^(?:${pattern})+`), ''),
    (text, pattern) => call('regexp_replace', text, around('^(?:', pattern, ')+'), quoted('')),
  ),
  regex_trim_end: primitive(
    ['text', 'text'],
    'text',
    (text, pattern) => text.replace(regularExpression(`(?:${pattern})+$`), ''),
    (text, pattern) => call('regexp_replace', text, around('(?:', pattern, ')+$'), quoted('')),
  ),
  regex_quote: primitive(
    ['text'],
    'text',
    (text) => text.replaceAll(/[^A-Za-z0-9_\u0080-\u{10FFFF}]/gu, (one) => `\\${one === '\0' ? 'x00' : one}`),
    (text) => call('regexp_escape', text),
  ),
  text_is_ascii: primitive(
    ['text'],
    'boolean',
    (text) => Buffer.byteLength(text) === text.length,
    (text) => equal(call('strlen', text), call('length', text)),
  ),
  text_sha256: primitive(
    ['text'],
    'text',
    (text) => hashOf('sha256', text),
    (text) => call('sha256', text),
  ),
  text_sha1: primitive(
    ['text'],
    'text',
    (text) => hashOf('sha1', text),
    (text) => call('sha1', text),
  ),
  text_md5: primitive(
    ['text'],
    'text',
    (text) => hashOf('md5', text),
    (text) => call('md5', text),
  ),
} as const;

function jsonSql(of: SqlExpression): SqlExpression {
  return { kind: 'cast', of: call('to_json', of), type: 'text' };
}

function hashOf(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}
