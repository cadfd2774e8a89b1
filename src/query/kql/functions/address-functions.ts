/** Functions of IP addresses. */
import { ipv4RangePattern } from '../../../lake/files/address-pattern.ts';
import type { Expression } from '../../relation/expression.ts';
import { call, nothing, textValue, whole, wholeValue } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import type { AddressRange } from '../../relation/values/address.ts';
import { masked, parseIpv4, plainIpv4, privateNetworks } from '../../relation/values/address.ts';
import { convert, isNumeric, typed } from './convert.ts';
import { custom, direct } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const many = Infinity;

const bits = (value: number): { readonly type: 'long'; readonly otherwise: Expression } => ({
  type: 'long',
  otherwise: wholeValue('long', value),
});

/** The ranges of the arguments behind the first, as one array: texts, or one array. */
function listed(args: readonly Typed[], context: KqlContext): Expression {
  const [first] = args;
  if (args.length === 1 && first.type === 'dynamic') return first.value;
  return call('array_pack', ...args.map((one) => call('text_dynamic', convert(one, 'string', context))));
}

/**
 * Whether the address in a text lies in one of these ranges. One expression over a plain address says it, which DuckDB tries once for each value of a
 * dictionary; a text that is not plain costs a call back, and an IPv6 address is none.
 */
function withinAny(text: Expression, ranges: readonly AddressRange[], otherwise: Expression): Typed {
  const patterns = ranges.map(({ address, bits: length }) => {
    const first = Number(masked(address, length, 32));
    return `${ipv4RangePattern(first, first + 2 ** (32 - length) - 1)}.*`;
  });
  const branches = [
    {
      if: call('matches_whole', text, textValue(plainIpv4)),
      value: call('matches_whole', text, textValue(patterns.join('|'))),
    },
    { if: call('text_contains', text, textValue(':')), value: nothing('boolean') },
  ];
  return typed('bool', { kind: 'case', when: branches, otherwise });
}

/** The ranges of constant arguments; `undefined` if one is no range, or is not constant. */
function constantRanges(args: readonly Typed[], context: KqlContext): readonly AddressRange[] | undefined {
  const ranges: AddressRange[] = [];
  for (const one of args) {
    const constant = context.constant(one);
    const range = typeof constant === 'string' ? parseIpv4(constant) : undefined;
    if (one.type !== 'string' || range === undefined) return undefined;
    ranges.push(range);
  }
  return ranges;
}

const anyOf = (about: string, of: FunctionName): KqlFunction =>
  custom([2, many], about, ([text, ...ranges], context) =>
    typed('bool', call(of, convert(text, 'string', context), listed(ranges, context))),
  );

const inAnyRange = custom(
  [2, many],
  'whether an IPv4 address lies in one of these ranges',
  ([of, ...args], context) => {
    const text = convert(of, 'string', context);
    const value = call('ipv4_in_any', text, listed(args, context));
    const ranges = constantRanges(args, context);
    return ranges === undefined ? typed('bool', value) : withinAny(text, ranges, value);
  },
);

const inRange = custom(2, 'whether an IPv4 address lies in a range', ([of, range], context) => {
  const text = convert(of, 'string', context);
  const value = call('ipv4_in_range', text, convert(range, 'string', context));
  const ranges = constantRanges([range], context);
  return ranges === undefined ? typed('bool', value) : withinAny(text, ranges, value);
});

const matches = (about: string, of: 'ipv4_compare' | 'ipv6_compare', width: number): KqlFunction =>
  direct(about, ['string', 'string', bits(width)], 'bool', (a, b, prefix) =>
    call('equal', call(of, a, b, prefix), whole(0)),
  );

/** A number or a text. */
function numberOf(of: Typed, context: KqlContext): Expression {
  return isNumeric(of.type) ? convert(of, 'long', context) : call('ipv4_number', convert(of, 'string', context));
}

/** A prefix of a text counts if none is given. */
const formatted = custom(
  [1, 2],
  'the text of an IPv4 address, which is a text or a number, without the bits behind a prefix',
  ([of, prefix], context) => {
    const length = prefix === undefined ? wholeValue('long', 32) : convert(prefix, 'long', context);
    return typed('string', call('coalesce', call('ipv4_text', numberOf(of, context), length), emptyOf));
  },
);

const formattedMask = custom(
  [1, 2],
  'as `format_ipv4`, with the prefix behind the address',
  ([of, prefix], context) => {
    const own: Expression = isNumeric(of.type)
      ? wholeValue('long', 32)
      : call('ipv4_suffix', convert(of, 'string', context));
    const length = prefix === undefined ? own : call('least', own, convert(prefix, 'long', context));
    const text = call('ipv4_text', numberOf(of, context), length);
    const isValid = call('not', call('equal', call('coalesce', text, emptyOf), emptyOf));
    return typed('string', {
      kind: 'case',
      when: [{ if: isValid, value: call('concat', text, slash, call('long_text', length)) }],
      otherwise: emptyOf,
    });
  },
);

const emptyOf: Expression = { kind: 'literal', type: 'text', value: '' };
const slash: Expression = { kind: 'literal', type: 'text', value: '/' };

export const addressFunctions: Readonly<Record<string, KqlFunction>> = {
  parse_ipv4: direct(
    'an IPv4 address as a number, without the bits behind its prefix',
    ['string'],
    'long',
    'ipv4_number',
  ),
  parse_ipv4_mask: direct(
    'an IPv4 address as a number, without the bits behind a prefix',
    ['string', 'long'],
    'long',
    'ipv4_masked',
  ),
  parse_ipv6: direct('an IPv6 or IPv4 address as eight groups of four digits', ['string'], 'string', (of) =>
    call('ipv6_text', of, whole(128)),
  ),
  parse_ipv6_mask: direct(
    'as `parse_ipv6`, without the bits behind a prefix',
    ['string', 'long'],
    'string',
    'ipv6_text',
  ),
  ipv4_compare: direct(
    '-1, 0 or 1: which IPv4 address is greater, without the bits behind the shortest prefix',
    ['string', 'string', bits(32)],
    'long',
    'ipv4_compare',
  ),
  ipv6_compare: direct('as `ipv4_compare`, of IPv6 and IPv4', ['string', 'string', bits(128)], 'long', 'ipv6_compare'),
  ipv4_is_match: matches(
    'whether two IPv4 addresses are equal, without the bits behind the shortest prefix',
    'ipv4_compare',
    32,
  ),
  ipv6_is_match: matches('as `ipv4_is_match`, of IPv6 and IPv4', 'ipv6_compare', 128),
  ipv4_is_in_range: inRange,
  ipv4_is_in_any_range: inAnyRange,
  ipv6_is_in_range: direct(
    'whether an IPv6 or IPv4 address lies in a range',
    ['string', 'string'],
    'bool',
    'ipv6_in_range',
  ),
  ipv6_is_in_any_range: anyOf('whether an IPv6 or IPv4 address lies in one of these ranges', 'ipv6_in_any'),
  ipv4_is_private: custom(
    1,
    'whether an IPv4 address is one of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16',
    ([of], context) => {
      const text = convert(of, 'string', context);
      return withinAny(text, privateNetworks, call('ipv4_private', text));
    },
  ),
  ipv4_netmask_suffix: direct(
    'the length of the prefix of an IPv4 address; 32 without one',
    ['string'],
    'long',
    'ipv4_suffix',
  ),
  format_ipv4: formatted,
  format_ipv4_mask: formattedMask,
  has_ipv4: custom(2, 'whether a text has this IPv4 address', ([of, ...rest], context) =>
    typed('bool', call('has_ipv4', convert(of, 'string', context), listed(rest, context))),
  ),
  has_any_ipv4: anyOf('whether a text has one of these IPv4 addresses', 'has_ipv4'),
  has_ipv4_prefix: anyOf(
    'whether a text has an IPv4 address that begins with this prefix, such as `10.1.`',
    'has_ipv4_prefix',
  ),
  has_any_ipv4_prefix: anyOf(
    'whether a text has an IPv4 address that begins with one of these prefixes',
    'has_ipv4_prefix',
  ),
  ipv4_range_to_cidr_list: direct(
    'the fewest prefixes that hold a range of IPv4 addresses, as an array',
    ['string', 'string'],
    'dynamic',
    'ipv4_prefixes',
  ),
};
