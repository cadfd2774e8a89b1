/**
 * Primitives as tcpdump and nfdump write them:
 *
 *   host 10.0.0.1        net 10.0.0.0/8       port 443       portrange 1-1023
 *   src host 10.0.0.1    dst net 10/8         src port 53    dst 10.0.0.1
 *   tcp                  tcp port 443         proto gre
 *
 * `src`, `dst`, `ip`, `port` and `proto` are fields, too: they begin a primitive if no operator follows them.
 */
import { formatProtocol, parseProtocol } from '../../net/protocol.ts';
import type { Field } from './fields.ts';
import { findField } from './fields.ts';
import type { Token } from './filter-lexer.ts';
import type { Condition } from '../tree.ts';

/** Words that name what a value is. */
const types: Readonly<Record<string, 'ip' | 'port' | 'net' | 'protocol'>> = {
  host: 'ip',
  ip: 'ip',
  net: 'net',
  port: 'port',
  portrange: 'port',
  proto: 'protocol',
  protocol: 'protocol',
};

/** For completion: words that begin a primitive and are no fields, with the field of the value that follows them. */
export const primitiveWords: ReadonlyMap<string, Field | undefined> = new Map([
  ['host', findField('ip')],
  ['net', findField('ip')],
  ['portrange', findField('port')],
  ...['tcp', 'udp', 'icmp'].map((name) => [name, undefined] as const),
]);

export type Primitive =
  /** A protocol; `hasMore` if another primitive follows without `and`, as in `tcp port 443`. */
  | { readonly kind: 'protocol'; readonly test: Condition; readonly hasMore: boolean }
  /** So many words, then a value of the field; of a network, perhaps a short one such as 10/8. */
  | {
      readonly kind: 'value';
      readonly words: number;
      readonly field: Field;
      readonly isNet: boolean;
      readonly what: string;
    };

/** The primitive that begins at a token; `undefined` if none does. */
export function primitiveAt(tokens: readonly Token[], at: number): Primitive | undefined {
  const word = wordOf(tokens[at]);
  if (word === undefined) return undefined;
  const isFollowed = isValue(tokens[at + 1]);
  const number =
    findField(word) === undefined && /^[a-z]/.test(word) && !isKeyword(word) ? parseProtocol(word) : undefined;
  if (number !== undefined) {
    const test: Condition = { kind: 'test', field: 'protocol', any: [{ kind: 'text', value: formatProtocol(number) }] };
    return { kind: 'protocol', test, hasMore: primitiveAt(tokens, at + 1)?.kind === 'value' };
  }
  if (word === 'src' || word === 'dst') {
    const next = wordOf(tokens[at + 1]);
    const type = next === undefined || !Object.hasOwn(types, next) ? undefined : types[next];
    if (type !== undefined && type !== 'protocol') return valueOf(2, `${word} ${next}`, type, word);
    return isFollowed ? valueOf(1, word, 'ip', word) : undefined;
  }
  if (!Object.hasOwn(types, word) || (findField(word) !== undefined && !isFollowed)) return undefined;
  return valueOf(1, word, types[word], undefined);
}

/** `10/8` and `172.16` as whole addresses with their prefix length; other texts as they are. */
export function wholeNetwork(text: string): string {
  const match = /^(\d{1,3}(?:\.\d{1,3}){0,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return text;
  const octets = match[1].split('.');
  const bits = match[2] ?? String(8 * octets.length);
  return `${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${bits}`;
}

function valueOf(
  words: number,
  what: string,
  type: 'ip' | 'port' | 'net' | 'protocol',
  side: string | undefined,
): Primitive {
  const name = type === 'net' ? 'ip' : type;
  return {
    kind: 'value',
    words,
    what,
    field: findField(side === undefined ? name : `${side}.${name}`)!,
    isNet: type === 'net',
  };
}

function wordOf(token: Token | undefined): string | undefined {
  return token?.kind === 'word' ? token.text.toLowerCase() : undefined;
}

/** Whether a token can be the value of a primitive. */
function isValue(token: Token | undefined): boolean {
  return token?.kind === 'word' && !isKeyword(token.text.toLowerCase());
}

function isKeyword(word: string): boolean {
  return ['in', 'like', 'not', 'and', 'or'].includes(word);
}
