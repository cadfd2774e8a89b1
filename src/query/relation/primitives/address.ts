/** Primitives of IP addresses. What is asked of every row is SQL; the rest is called back. */
import { call, number } from '../../sql/node.ts';
import type { SqlExpression } from '../../sql/node.ts';
import { plus, quoted, times, when } from '../../sql/sql.ts';
import { primitive } from '../rule.ts';
import type { Json } from '../values/json.ts';
import { isArray, jsonText, parseJson } from '../values/json.ts';
import {
  compareRanges,
  ipv4Text,
  ipv6Text,
  isInRange,
  masked,
  parseIpv4,
  parseIpv6,
  plainIpv4,
  prefixesOf,
  privateNetworks,
} from '../values/address.ts';

/** The octets of an address without a prefix and without spaces, as a number: no expression is split, which took ten times as long. */
function numberOfPlain(text: SqlExpression): SqlExpression {
  const octet = (n: number): SqlExpression => ({
    kind: 'try-cast',
    of: call('split_part', text, quoted('.'), number(n)),
    type: 'BIGINT',
  });
  const all = [1, 2, 3, 4].map(octet);
  const value = all.reduce((sum, one) => plus(times(sum, number(256)), one));
  return value;
}

/** The number of an address: by SQL if it is plain, else by a call back. */
const ipv4Sql = (text: SqlExpression): SqlExpression =>
  when([call('regexp_full_match', text, quoted(plainIpv4)), numberOfPlain(text)])(call('kql_ipv4_number', text));

const lists = (text: string): string[] => {
  const value: Json | undefined = parseJson(text);
  return isArray(value) ? value.filter((one) => typeof one === 'string') : typeof value === 'string' ? [value] : [];
};

const address = String.raw`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`;

/** The addresses in a text that no letter, digit or point stands beside. */
const addressesIn = (text: string): string[] =>
  [...text.matchAll(new RegExp(String.raw`(?<![\w.])${address}(?!\w|\.\d)`, 'g'))]
    .map(([one]) => one)
    .filter((one) => parseIpv4(one) !== undefined);

const inAny = (parse: typeof parseIpv4, width: number) => (text: string, ranges: string) => {
  const at = parse(text);
  const all = lists(ranges).map(parse);
  if (at === undefined || all.length === 0) return undefined;
  return all.some((range) => range !== undefined && isInRange(at, range, width));
};

const compared = (parse: typeof parseIpv4, width: number) => (a: string, b: string, bits: bigint) => {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined || bits < 0n || bits > BigInt(width)) return undefined;
  return BigInt(compareRanges(left, right, Number(bits), width));
};

export const addressPrimitives = {
  /** The address without the bits behind its prefix, as a number. */
  ipv4_number: primitive(
    ['text'],
    'long',
    (text) => {
      const found = parseIpv4(text);
      return found === undefined ? undefined : masked(found.address, found.bits, 32);
    },
    ipv4Sql,
  ),
  ipv4_masked: primitive(['text', 'long'], 'long', (text, bits) => {
    const found = parseIpv4(text);
    if (found === undefined || bits < 0n || bits > 32n) return undefined;
    return masked(found.address, Math.min(found.bits, Number(bits)), 32);
  }),
  ipv4_compare: primitive(['text', 'text', 'long'], 'long', compared(parseIpv4, 32)),
  ipv6_compare: primitive(['text', 'text', 'long'], 'long', compared(parseIpv6, 128)),
  ipv4_in_range: primitive(['text', 'text'], 'boolean', (text, range) => {
    const [at, of] = [parseIpv4(text), parseIpv4(range)];
    return at === undefined || of === undefined ? undefined : isInRange(at, of, 32);
  }),
  ipv6_in_range: primitive(['text', 'text'], 'boolean', (text, range) => {
    const [at, of] = [parseIpv6(text), parseIpv6(range)];
    return at === undefined || of === undefined ? undefined : isInRange(at, of, 128);
  }),
  ipv4_in_any: primitive(['text', 'dynamic'], 'boolean', inAny(parseIpv4, 32)),
  ipv6_in_any: primitive(['text', 'dynamic'], 'boolean', inAny(parseIpv6, 128)),
  ipv4_private: primitive(['text'], 'boolean', (text) => {
    const found = parseIpv4(text);
    if (found === undefined) return undefined;
    return privateNetworks.some((network) => found.bits >= network.bits && isInRange(found, network, 32));
  }),
  ipv4_suffix: primitive(['text'], 'long', (text) => {
    const found = parseIpv4(text);
    return found === undefined ? undefined : BigInt(found.bits);
  }),
  ipv4_text: primitive(['long', 'long'], 'text', (value, bits) =>
    value < 0n || value > 0xffff_ffffn || bits < 0n || bits > 32n ? '' : ipv4Text(masked(value, Number(bits), 32)),
  ),
  ipv6_text: primitive(['text', 'long'], 'text', (text, bits) => {
    const found = parseIpv6(text);
    if (found === undefined || bits < 0n || bits > 128n) return '';
    return ipv6Text(masked(found.address, Math.min(found.bits, Number(bits)), 128));
  }),
  has_ipv4: primitive(['text', 'dynamic'], 'boolean', (text, wanted) => {
    const all = lists(wanted).map((one) => parseIpv4(one)?.address);
    return addressesIn(text).some((one) => all.includes(parseIpv4(one)?.address));
  }),
  has_ipv4_prefix: primitive(['text', 'dynamic'], 'boolean', (text, prefixes) => {
    const all = lists(prefixes).filter((one) => /^(\d{1,3}\.){1,3}$|^\d{1,3}(\.\d{1,3}){3}$/.test(one));
    return addressesIn(text).some((one) =>
      all.some((prefix) => (prefix.endsWith('.') ? one.startsWith(prefix) : one === prefix)),
    );
  }),
  ipv4_prefixes: primitive(['text', 'text'], 'dynamic', (first, last) => {
    const [from, to] = [parseIpv4(first), parseIpv4(last)];
    return from === undefined || to === undefined || from.address > to.address
      ? undefined
      : jsonText(prefixesOf(from.address, to.address));
  }),
} as const;
