/** Primitives of texts that have a form: URLs, paths, CSV, base64, sizes, versions, code points. All are called back. */
import { primitive } from '../rule.ts';
import type { Json } from '../values/json.ts';
import { isArray, jsonText, parseJson } from '../values/json.ts';
import { xxHash64 } from '../values/xxhash.ts';
import { decimalScale } from '../value.ts';

const bag = (members: Readonly<Record<string, Json>>): string => jsonText(new Map(Object.entries(members)));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function queryOf(text: string): ReadonlyMap<string, Json> {
  const pairs = text.split('&').filter((one) => one !== '');
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? ([pair, ''] as const) : ([pair.slice(0, at), pair.slice(at + 1)] as const);
    }),
  );
}

function urlParts(text: string): Readonly<Record<string, Json>> {
  const pattern =
    /^(?:([A-Za-z][A-Za-z\d+.-]*):\/\/)?(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
  const [, scheme = '', user = '', host = '', port = '', path = '', query = '', fragment = ''] =
    pattern.exec(text) ?? [];
  const at = user.indexOf(':');
  return {
    Scheme: scheme,
    Host: host,
    Port: port,
    Path: path,
    Username: at < 0 ? user : user.slice(0, at),
    Password: at < 0 ? '' : user.slice(at + 1),
    'Query Parameters': queryOf(query),
    Fragment: fragment,
  };
}

function pathParts(text: string): Readonly<Record<string, Json>> {
  const [, scheme = '', afterScheme = text] = /^([A-Za-z][A-Za-z\d+.-]+):\/\/(.*)$/s.exec(text) ?? [];
  const whole = afterScheme.replace(/^\\\\\?\\/, '');
  const [, root = ''] = /^\/?([A-Za-z]:)/.exec(whole) ?? [];
  const cut = Math.max(whole.lastIndexOf('/'), whole.lastIndexOf('\\'));
  const directory = cut < 0 ? '' : whole.slice(0, cut);
  const [file, stream = ''] = (cut < 0 ? whole : whole.slice(cut + 1)).split(':', 2);
  const point = file.lastIndexOf('.');
  return {
    Scheme: scheme,
    RootPath: root,
    DirectoryPath: directory,
    DirectoryName: directory.split(/[\\/]/).at(-1) ?? '',
    Filename: file,
    Extension: point < 0 ? '' : file.slice(point + 1),
    AlternateDataStreamName: stream,
  };
}

/** The fields of the first record. */
function csvFields(text: string): string[] {
  const fields: string[] = [];
  const field = /"((?:[^"]|"")*)"[^,\r\n]*|([^,\r\n]*)/y;
  for (let at = 0; ;) {
    field.lastIndex = at;
    const [whole, quoted, plain = ''] = field.exec(text) ?? [''];
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    at += whole.length;
    if (text[at] !== ',') return fields;
    at += 1;
  }
}

const unitNames = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

function bytesText(size: number, digits: number, unit: string): string {
  const wanted = unitNames.indexOf(unit.toUpperCase());
  const fitting = size === 0 ? 0 : Math.min(Math.floor(Math.log2(Math.abs(size)) / 10 + 1e-12), unitNames.length - 1);
  const at = wanted < 0 ? Math.max(fitting, 0) : wanted;
  const scaled = size / 1024 ** at;
  const rounded = Math.sign(scaled) * (Math.floor(Math.abs(scaled) * 10 ** digits + 0.5) / 10 ** digits);
  return `${rounded} ${unitNames[at]}`;
}

const escaped = (one: string): string => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;

const codePoints = (text: string): bigint[] => Array.from(text, (one) => BigInt(one.codePointAt(0) ?? 0));

function base64(text: string): Buffer | undefined {
  const compact = text.replaceAll(/\s/g, '');
  return /^[A-Za-z\d+/]*={0,2}$/.test(compact) && compact.length % 4 === 0 ? Buffer.from(compact, 'base64') : undefined;
}

function utf8(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const eightBytes = (value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
};

const signed = (hash: bigint): bigint => BigInt.asIntN(64, hash);

export const parsePrimitives = {
  url_parts: primitive(['text'], 'dynamic', (text) => bag(urlParts(text))),
  url_query: primitive(['text'], 'dynamic', (text) => bag({ 'Query Parameters': queryOf(text.replace(/^\?/, '')) })),
  path_parts: primitive(['text'], 'dynamic', (text) => bag(pathParts(text))),
  csv_fields: primitive(['text'], 'dynamic', (text) => jsonText(csvFields(text))),
  /** Up to four numbers of at most eight digits, as one decimal. */
  version_number: primitive(['text'], 'decimal', (text) => {
    const parts = text.split('.');
    if (parts.length > 4 || !parts.every((one) => /^\d{1,8}$/.test(one))) return undefined;
    const digits = [...parts, '0', '0', '0'].slice(0, 4).map((one) => one.padStart(8, '0'));
    const value = BigInt(digits.join(''));
    return value < 10n ** 26n ? value * 10n ** BigInt(decimalScale) : undefined;
  }),
  url_encode: primitive(['text'], 'text', (text) =>
    encodeURIComponent(text)
      .replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
      .replaceAll(/%[\dA-F]{2}/g, (one) => one.toLowerCase()),
  ),
  /** As a form: blanks are `+`, and hexadecimal digits lower-case. */
  uri_encode: primitive(['text'], 'text', (text) =>
    encodeURIComponent(text)
      .replaceAll('%20', '+')
      .replaceAll(/['~]/g, escaped)
      .replaceAll(/%[\dA-F]{2}/g, (one) => one.toLowerCase()),
  ),
  url_decode: primitive(['text'], 'text', decoded),
  base64_encode: primitive(['text'], 'text', (text) => Buffer.from(text).toString('base64')),
  /** Null of what is no base64 of UTF-8. */
  base64_decode: primitive(['text'], 'text', (text) => utf8(base64(text))),
  base64_bytes: primitive(['text'], 'dynamic', (text) => {
    const bytes = base64(text);
    return bytes === undefined ? undefined : jsonText(Array.from(bytes, BigInt));
  }),
  base64_of_bytes: primitive(['dynamic'], 'text', (of) => {
    const bytes = parseJson(of);
    return isArray(bytes) ? Buffer.from(bytes.map(Number)).toString('base64') : undefined;
  }),
  bytes_text: primitive(['double', 'long', 'text'], 'text', (size, digits, unit) =>
    bytesText(size, Math.min(Math.max(Number(digits), 0), 15), unit),
  ),
  code_points: primitive(['text'], 'dynamic', (text) => jsonText(codePoints(text))),
  /** The text of code points: numbers, or arrays of them. */
  text_of_points: primitive(
    [],
    'text',
    (...items: never[]) => {
      const points = items.flatMap((one) => {
        const value: Json | undefined = one === null ? null : parseJson(one);
        return isArray(value) ? value : [value ?? null];
      });
      return points
        .map((one) =>
          typeof one === 'bigint' && one > 0n && one <= 0x10ffffn ? String.fromCodePoint(Number(one)) : '',
        )
        .join('');
    },
    undefined,
    { nulls: 'own', rest: 'dynamic' },
  ),
  hash_text: primitive(['text'], 'long', (text) => signed(xxHash64(Buffer.from(text)))),
  hash_long: primitive(['long'], 'long', (value) => signed(xxHash64(eightBytes(value)))),
  hash_double: primitive(['double'], 'long', (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return signed(xxHash64(bytes));
  }),
  /** The remainder of an unsigned hash. */
  hash_within: primitive(['long', 'long'], 'long', (hash, most) =>
    most <= 0n ? undefined : BigInt.asUintN(64, hash) % most,
  ),
} as const;
