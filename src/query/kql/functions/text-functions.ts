/** Functions of texts. */
import { call, textValue, when, whole, wholeValue, yes } from '../../relation/expression.ts';
import type { Expression } from '../../relation/expression.ts';
import type { KqlType } from '../type.ts';
import { kqlTypes } from '../type.ts';
import { isArray, parseJson } from '../../relation/values/json.ts';
import { convert, emptyText, literalOf, typed } from './convert.ts';
import { constantNumber, constantText, custom, direct, variadic } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const long = (value: number): { readonly type: KqlType; readonly otherwise: Expression } => ({
  type: 'long',
  otherwise: wholeValue('long', value),
});
const text = (value: string): { readonly type: KqlType; readonly otherwise: Expression } => ({
  type: 'string',
  otherwise: textValue(value),
});

const texts = (args: readonly Typed[], context: KqlContext): Expression[] =>
  args.map((one) => convert(one, 'string', context));

/** The type that a last argument `typeof(…)` names. */
function asNamedType(value: Expression, type: Typed | undefined, context: KqlContext): Typed {
  if (type === undefined) return typed('string', value);
  const name = constantText(type, 'the type', context);
  const known = kqlTypes.find((one) => one === name);
  if (known === undefined) return context.refuse(`there is no type ${name}`);
  return typed(known, convert(typed('string', value), known, context));
}

const extract = custom(
  [3, 4],
  'what a group of a regular expression matches first',
  ([pattern, group, source, type], context) => {
    const number = constantNumber(group, 'the group', context);
    const [regex, of] = texts([pattern, source], context);
    return asNamedType(call('regex_extract', of, regex, whole(number)), type, context);
  },
);

/** Groups of a regular expression that capture. */
function groupsOf(pattern: string): number {
  return Array.from(pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/gs, '').matchAll(/\((?!\?)|\(\?P?<(?![=!])/g)).length;
}

/** The name of each group, in their order; of a group without one, the empty text. */
function groupNamesOf(pattern: string): string[] {
  const plain = pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/gs, '');
  return [...plain.matchAll(/\((?!\?)|\(\?P?<(?![=!])([^>]*)>/g)].map((one) => one.at(1) ?? '');
}

const extractAll = custom([2, 3], 'all that the groups of a regular expression match, as an array', (args, context) => {
  const [pattern, source] = [args[0], args[args.length - 1]];
  const regex = constantText(pattern, 'the regular expression', context);
  const all = groupsOf(regex);
  let wanted = Array.from({ length: all }, (_, i) => i + 1);
  if (args.length === 3) {
    const json = context.constant(args[1]);
    const listed = typeof json === 'string' ? (JSON.parse(json) as unknown) : undefined;
    const names = groupNamesOf(regex);
    const numbers = Array.isArray(listed)
      ? listed.map((one) => (typeof one === 'string' ? names.indexOf(one) + 1 : Number(one)))
      : [];
    if (numbers.length === 0 || !numbers.every((one) => Number.isInteger(one) && one > 0 && one <= all))
      return context.refuse('the groups have to be a constant array of numbers and names of groups');
    wanted = numbers;
  }
  if (all === 0) return context.refuse('the regular expression has no group in round brackets');
  const of = convert(source, 'string', context);
  const found = wanted.map((group) => call('regex_extract_all', of, textValue(regex), whole(group)));
  if (found.length === 1) return typed('dynamic', found[0]);
  return typed('dynamic', when(call('is_null', found[0]), literalOf(null, 'dynamic'), call('array_zip', ...found)));
});

const replaceRegex = (pattern: Expression, by: Expression, of: Expression): Expression =>
  call('replace_matches', of, pattern, by);

const indexOf = custom([2, 5], 'the place of a text in a text, from 0; -1 if it is not found', (args, context) => {
  const [of, part] = texts(args.slice(0, 2), context);
  if (args.length === 2) return typed('long', call('text_index', of, part));
  const [start, length, occurrence] = [0, -1, 1].map((otherwise, i) =>
    args[i + 2] === undefined ? whole(otherwise) : convert(args[i + 2], 'long', context),
  );
  if (args.length === 5 && constantNumber(args[3], 'the length', context) >= 0)
    return context.refuse('an occurrence within a length is not supported');
  return typed('long', call('text_index_in', of, part, start, length, occurrence));
});

const indexOfRegex = custom(
  [2, 5],
  'the place of the first match of a regular expression, from 0; -1 if there is none',
  (args, context) => {
    const [of, pattern] = texts(args.slice(0, 2), context);
    if (args.length === 2) return typed('long', call('regex_index', of, pattern));
    const numbers = args.slice(2).map((one) => constantNumber(one, 'the start', context));
    const [start, length = -1, occurrence = 1] = numbers;
    if (start < 0 || occurrence !== 1)
      return context.refuse('a start below 0 and an occurrence other than 1 are not supported');
    const window = call('text_substring', of, whole(start), whole(length < 0 ? 2 ** 31 : length));
    const at = call('regex_index', window, pattern);
    return typed('long', when(call('less', at, whole(0)), whole(-1), call('add', at, whole(start))));
  },
);

const countOf = custom(
  [2, 3],
  'how often a text, or with "regex" a regular expression, is found',
  ([of, part, kind], context) => {
    const name = kind === undefined ? 'normal' : constantText(kind, 'the kind', context).toLowerCase();
    if (name !== 'normal' && name !== 'regex') return context.refuse('the kind is "normal" or "regex"');
    const [source, search] = texts([of, part], context);
    return typed('long', call(name === 'regex' ? 'regex_count' : 'text_count', source, search));
  },
);

const split = custom(
  [2, 3],
  'the parts of a text between delimiters, as an array; with a number, an array of that part',
  ([of, delimiter, index], context) => {
    const parts = call('text_split', ...texts([of, delimiter], context));
    if (index === undefined) return typed('dynamic', parts);
    const part = call('dynamic_element', parts, convert(index, 'long', context));
    return typed('dynamic', when(call('is_null', part), literalOf('[]', 'dynamic'), call('array_pack', part)));
  },
);

const strcat = custom([1, 64], 'the texts of all arguments, one behind the other', (args, context) => {
  const all = texts(args, context);
  return typed('string', all.length === 1 ? all[0] : call('concat', ...all));
});

const strcatDelim = custom(
  [3, 65],
  'the texts of the arguments with a delimiter between them',
  ([delimiter, ...args], context) => {
    const between = convert(delimiter, 'string', context);
    return typed(
      'string',
      call('concat', ...texts(args, context).flatMap((one, i) => (i === 0 ? [one] : [between, one]))),
    );
  },
);

const strrep = custom([2, 3], 'a value so many times, with a delimiter between', ([of, count, delimiter], context) => {
  const [value, times] = [convert(of, 'string', context), convert(count, 'long', context)];
  if (delimiter === undefined) return typed('string', call('text_repeat', value, times));
  const between = convert(delimiter, 'string', context);
  const repeated = call('text_repeat', call('concat', value, between), call('subtract', times, whole(1)));
  return typed('string', when(call('less', whole(0), times), call('concat', repeated, value), emptyText));
});

const replaceStrings = custom(
  3,
  'a text with the texts of one array replaced by those of another, in one pass',
  ([of, from, to], context) => {
    for (const one of [from, to]) {
      const constant = context.constant(one);
      const items = typeof constant === 'string' ? parseJson(constant) : undefined;
      if (isArray(items) && items.some((item) => typeof item !== 'string'))
        return context.refuse('the arrays have to hold texts');
    }
    const [lookups, rewrites] = [from, to].map((one) => convert(one, 'dynamic', context));
    return typed('string', call('text_replace_all', convert(of, 'string', context), lookups, rewrites));
  },
);

const trimStart = (pattern: Expression, of: Expression): Expression => call('regex_trim_start', of, pattern);
const trimEnd = (pattern: Expression, of: Expression): Expression => call('regex_trim_end', of, pattern);

const extractJson = custom(
  [2, 3],
  'the value at a path of a JSON text, such as `$.a[0].b`',
  ([path, of, type], context) => {
    const json = of.type === 'dynamic' ? of.value : call('text_parsed', convert(of, 'string', context));
    const value = call(
      'coalesce',
      call('dynamic_text', call('json_path', json, convert(path, 'string', context))),
      emptyText,
    );
    return asNamedType(value, type, context);
  },
);

const substring = direct(
  'characters from a place, from 0; below 0 it counts from the end',
  ['string', 'long', long(2 ** 31)],
  'string',
  'text_substring',
);

const hashed = (about: string): KqlFunction =>
  custom([1, 2], about, ([of, most], context) => {
    const hash = hashOf(of, context);
    return typed('long', most === undefined ? hash : call('hash_within', hash, convert(most, 'long', context)));
  });

function hashOf(of: Typed, context: KqlContext): Expression {
  if (of.type === 'real') return call('hash_double', of.value);
  if (of.type === 'datetime' || of.type === 'timespan' || of.type === 'bool' || of.type === 'int' || of.type === 'long')
    return call('hash_long', convert(of, 'long', context));
  return call('hash_text', convert(of, 'string', context));
}

const json = direct('the bytes of base64 as a text', ['string'], 'string', 'base64_decode');
const encode64 = direct('a text in base64', ['string'], 'string', 'base64_encode');
const points = direct('the code points of a text, as an array', ['string'], 'dynamic', 'code_points');
const ofPoints = variadic(
  'the text of code points, which are numbers or arrays of numbers',
  [1, Infinity],
  'dynamic',
  'string',
  'text_of_points',
);
const urlParts = direct(
  'scheme, host, port, path, user, password, query parameters and fragment of a URL',
  ['string'],
  'dynamic',
  'url_parts',
);
const urlQuery = direct('the parameters of the query of a URL', ['string'], 'dynamic', 'url_query');

export const textFunctions: Readonly<Record<string, KqlFunction>> = {
  strcat,
  strcat_delim: strcatDelim,
  strcat_array: direct(
    'the elements of an array as a text with a delimiter between them',
    ['dynamic', 'string'],
    'string',
    'array_join',
  ),
  array_strcat: direct('as `strcat_array`', ['dynamic', 'string'], 'string', 'array_join'),
  strlen: direct('the number of characters', ['string'], 'long', 'text_length'),
  string_size: direct('the number of bytes in UTF-8', ['string'], 'long', 'text_bytes'),
  strcmp: direct('-1, 0 or 1: which text comes first', ['string', 'string'], 'long', 'text_compare'),
  strrep,
  substring,
  split,
  tolower: direct('a text in lower case', ['string'], 'string', 'lower'),
  toupper: direct('a text in upper case', ['string'], 'string', 'upper'),
  reverse: direct('a text from its end to its start', ['string'], 'string', 'text_reverse'),
  indexof: indexOf,
  indexof_regex: indexOfRegex,
  countof: countOf,
  has_any_index: custom(
    2,
    'the place of the first term of an array that is found in a text; -1 if none is',
    ([of, terms], context) => {
      const source = call('lower', convert(of, 'string', context));
      const constant = context.constant(terms);
      const items = typeof constant === 'string' ? (JSON.parse(constant) as unknown) : undefined;
      if (!Array.isArray(items)) return context.refuse('the array has to be constant');
      const branches = items.map((one, i) => ({
        if: call('text_has', source, textValue(String(one).toLowerCase())),
        value: whole(i),
      }));
      return typed('long', branches.length === 0 ? whole(-1) : { kind: 'case', when: branches, otherwise: whole(-1) });
    },
  ),
  replace_string: direct(
    'a text with all occurrences of a text replaced',
    ['string', 'string', 'string'],
    'string',
    'text_replace',
  ),
  replace_strings: replaceStrings,
  replace_regex: direct(
    'a text with all matches of a regular expression replaced; `\\1` is a group',
    ['string', 'string', 'string'],
    'string',
    (of, pattern, by) => replaceRegex(pattern, by, of),
  ),
  replace: direct('as `replace_regex`, with the text last', ['string', 'string', 'string'], 'string', replaceRegex),
  trim: direct(
    'a text without the matches of a regular expression at both ends',
    ['string', 'string'],
    'string',
    (pattern, of) => trimEnd(pattern, trimStart(pattern, of)),
  ),
  trim_start: direct(
    'a text without the matches of a regular expression at its start',
    ['string', 'string'],
    'string',
    trimStart,
  ),
  trim_end: direct(
    'a text without the matches of a regular expression at its end',
    ['string', 'string'],
    'string',
    trimEnd,
  ),
  extract,
  extract_all: extractAll,
  extractall: extractAll,
  extract_json: extractJson,
  extractjson: extractJson,
  regex_quote: direct(
    'a text in which all signs of regular expressions stand for themselves',
    ['string'],
    'string',
    'regex_quote',
  ),
  translate: direct(
    'a text with the characters of one text replaced by those of another',
    ['string', 'string', 'string'],
    'string',
    'text_translate',
  ),
  isascii: direct('whether a text has characters of ASCII only', ['string'], 'bool', 'text_is_ascii'),
  isutf8: custom(1, 'whether a text is UTF-8, which all texts are', () => typed('bool', yes)),
  parse_url: urlParts,
  parseurl: urlParts,
  parse_urlquery: urlQuery,
  parseurlquery: urlQuery,
  parse_path: direct('scheme, root, folder, file name and extension of a path', ['string'], 'dynamic', 'path_parts'),
  parse_csv: direct('the fields of one record of CSV, as an array', ['string'], 'dynamic', 'csv_fields'),
  parse_version: direct(
    'a version of up to four numbers as a decimal that compares',
    ['string'],
    'decimal',
    'version_number',
  ),
  url_encode: direct('a text with the signs that a URL needs escaped', ['string'], 'string', 'uri_encode'),
  url_encode_component: direct('a text as a part of a URL', ['string'], 'string', 'url_encode'),
  url_decode: direct('a text of a URL without escapes', ['string'], 'string', 'url_decode'),
  base64_encode_tostring: encode64,
  base64_encodestring: encode64,
  base64_decode_tostring: json,
  base64_decodestring: json,
  base64_decode_toarray: direct('the bytes of base64, as an array of numbers', ['string'], 'dynamic', 'base64_bytes'),
  base64_encode_fromarray: direct('an array of bytes in base64', ['dynamic'], 'string', 'base64_of_bytes'),
  unicode_codepoints_from_string: points,
  to_utf8: points,
  unicode_codepoints_to_string: ofPoints,
  make_string: ofPoints,
  format_bytes: direct('a number of bytes with a unit: `1.5 MB`', ['real', long(0), text('')], 'string', 'bytes_text'),
  hash: hashed('the xxHash64 of a value; with a number, its remainder'),
  hash_xxhash64: hashed('the xxHash64 of a value; with a number, its remainder'),
  hash_sha256: custom(1, 'the SHA-256 of the text of a value, in hexadecimal digits', (args, context) =>
    typed('string', call('text_sha256', ...texts(args, context))),
  ),
  hash_sha1: custom(1, 'the SHA-1 of the text of a value, in hexadecimal digits', (args, context) =>
    typed('string', call('text_sha1', ...texts(args, context))),
  ),
  hash_md5: custom(1, 'the MD5 of the text of a value, in hexadecimal digits', (args, context) =>
    typed('string', call('text_md5', ...texts(args, context))),
  ),
};
