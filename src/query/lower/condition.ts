/**
 * Conditions as expressions of the tree. Three values: a counter that was not counted makes a test unknown, and so its negation; every other
 * absent value is just not equal to anything. A row is selected where the whole is true.
 */
import { assert } from '../../base/assert.ts';
import { listSeparator } from '../../enrich/attribute.ts';
import { ipv4RangePattern } from '../../lake/files/address-pattern.ts';
import { signedHalf } from '../../lake/tuples/schema.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, sameAddress } from '../../net/address.ts';
import type { Field } from '../filter/fields.ts';
import { findField } from '../filter/fields.ts';
import type { Expression } from '../relation/expression.ts';
import { call, column, no, textValue, timeValue, when, whole, wholeValue } from '../relation/expression.ts';
import type { FunctionName } from '../relation/functions.ts';
import type { Condition, FieldComparison, Match, Order, Test } from '../tree.ts';

/** The condition over a relation that has the columns of `tuples`. */
export function conditionExpression(condition: Condition): Expression {
  return compile(condition, false);
}

/** Names of the fields that a condition asks for. */
export function fieldsOfCondition(condition: Condition): Set<string> {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return new Set(condition.items.flatMap((item) => [...fieldsOfCondition(item)]));
    case 'not':
      return fieldsOfCondition(condition.item);
    case 'fields':
      return new Set([condition.left, condition.right]);
    default:
      return new Set([condition.field]);
  }
}

/** The field of a name that a tree has. */
export function fieldNamed(name: string): Field {
  const field = findField(name);
  assert(field !== undefined, `the tree names the field ${name}, which exists`);
  return field;
}

/** `inverted`: under an odd number of `not`s, where null would turn into neither. */
function compile(condition: Condition, inverted: boolean): Expression {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return call(condition.kind, ...condition.items.map((item) => compile(item, inverted)));
    case 'not':
      return call('not', compile(condition.item, !inverted));
    case 'fields':
      return comparison(condition, inverted);
    default:
      return testExpression(condition, inverted);
  }
}

const comparisons: Readonly<Record<'=' | Order, FunctionName>> = {
  '=': 'equal',
  '<': 'less',
  '<=': 'less_or_equal',
  '>': 'greater',
  '>=': 'greater_or_equal',
};

function comparison({ left, operator, right }: FieldComparison, inverted: boolean): Expression {
  const field = fieldNamed(left);
  return known(field, inverted, call(comparisons[operator], valueOfField(field), valueOfField(fieldNamed(right))));
}

function testExpression({ field: name, any }: Test, inverted: boolean): Expression {
  const field = fieldNamed(name);
  const tests =
    field.join === 'either'
      ? field.columns.flatMap((one) => testsOf(field, one, column(one), any))
      : testsOf(field, field.columns[0], valueOfField(field), any);
  return known(field, inverted, anyOf(tests));
}

/** What is unknown becomes false, but for counters. */
function known(field: Field, inverted: boolean, expression: Expression): Expression {
  return field.kind === 'counter' || !inverted ? expression : call('coalesce', expression, no);
}

/** Whether a column of a field has one of these values; null is unknown. */
export function matchesAny(field: Field, columnName: string, any: readonly Match[]): Expression {
  return anyOf(testsOf(field, columnName, column(columnName), any));
}

function anyOf(tests: readonly Expression[]): Expression {
  const [first] = tests;
  assert(first !== undefined, 'a test has a value');
  return tests.length === 1 ? first : call('or', ...tests);
}

/** A field's value. A sum of two counters is null where neither was counted. */
function valueOfField(field: Field): Expression {
  if (field.join !== 'sum') return column(field.columns[0]);
  const [a, b] = field.columns;
  return bothCounters(column(a), column(b));
}

/** The sum of two counters, which may have more than 64 bits; null where neither was counted. */
export function bothCounters(a: Expression, b: Expression): Expression {
  const wide = (of: Expression): Expression => call('to_wide', of);
  return when(call('is_null', a), wide(b), call('add', wide(a), wide(call('coalesce', b, whole(0)))));
}

/** Ports are integers, counters longs. */
function numberOf(field: Field, value: number): Expression {
  return wholeValue(field.kind === 'port' ? 'integer' : 'long', value);
}

/** Kinds whose texts are not compared as they are. */
const patterned: ReadonlySet<Field['kind']> = new Set(['rule', 'text', 'list']);

function testsOf(field: Field, columnName: string, value: Expression, any: readonly Match[]): Expression[] {
  const tests: Expression[] = [];
  const equals: Expression[] = [];
  for (const match of any) {
    if (match.kind === 'numbers' && match.from === match.to) equals.push(numberOf(field, match.from));
    else if (match.kind === 'text' && !patterned.has(field.kind)) equals.push(textValue(match.value));
    else tests.push(matchExpression(field, columnName, value, match));
  }
  if (equals.length === 1) tests.push(call('equal', value, equals[0]));
  else if (equals.length > 1) tests.push(call('in', value, ...equals));
  return tests;
}

function matchExpression(field: Field, columnName: string, value: Expression, match: Match): Expression {
  if (field.kind === 'list' && (match.kind === 'text' || match.kind === 'glob'))
    return call('matches', value, textValue(memberPattern(match)));
  switch (match.kind) {
    case 'absent':
      return call('is_null', value);
    case 'addresses':
      return addressesExpression(columnName === 'src_ip' ? 'src' : 'dst', match.first, match.last);
    case 'numbers':
      return between(value, numberOf(field, match.from), numberOf(field, match.to));
    case 'order': {
      const other = field.kind === 'time' ? timeValue(match.value) : numberOf(field, match.value);
      return call(comparisons[match.operator], value, other);
    }
    case 'text': {
      const texts = ruleForms(field, match.value).map((text) => call('lower', textValue(text)));
      const lower = call('lower', value);
      return texts.length === 1 ? call('equal', lower, texts[0]) : call('in', lower, ...texts);
    }
    case 'glob':
      return anyOf(
        ruleForms(field, match.pattern).map((pattern) => call('like', value, textValue(likePattern(pattern)))),
      );
    default:
      return call('matches', value, textValue(match.pattern));
  }
}

const rulePrefixes = ['UserRule_', 'DefaultRule_'];

/** A rule's name matches as logged and without its prefix. */
function ruleForms(field: Field, text: string): string[] {
  return field.kind === 'rule' ? [text, ...rulePrefixes.map((prefix) => prefix + text)] : [text];
}

/** An expression that finds a member of a list, in any case. */
function memberPattern(match: Extract<Match, { kind: 'text' | 'glob' }>): string {
  const text = match.kind === 'text' ? match.value : match.pattern;
  const escaped = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  const member =
    match.kind === 'text' ? escaped : escaped.replaceAll(String.raw`\*`, '[^,]*').replaceAll(String.raw`\?`, '[^,]');
  return `(?i)(?:^|${listSeparator})${member}(?:${listSeparator}|$)`;
}

function likePattern(glob: string): string {
  return glob
    .replaceAll(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}

/** Addresses `first` to `last`: IPv4 by its text, IPv6 by the lake's number columns; see addressKeys in lake/schema.ts. */
function addressesExpression(side: 'src' | 'dst', first: Address, last: Address): Expression {
  if (first.family === 4) {
    const address = column(`${side}_ip`);
    return sameAddress(first, last)
      ? call('equal', address, textValue(formatAddress(first)))
      : call('matches', address, textValue(ipv4RangePattern(first.words[3], last.words[3])));
  }
  const high = column(`${side}_ipv6_high`);
  const low = column(`${side}_ipv6_low`);
  const [firstHigh, firstLow] = halves(first);
  const [lastHigh, lastLow] = halves(last);
  const oneHigh = (value: bigint, from: bigint, to: bigint): Expression =>
    call('and', call('equal', high, wholeValue('long', value)), unsignedRange(low, from, to));
  if (firstHigh === lastHigh) return oneHigh(firstHigh, firstLow, lastLow);
  const parts: Expression[] = [];
  let from = BigInt.asUintN(64, firstHigh);
  let to = BigInt.asUintN(64, lastHigh);
  if (firstLow !== 0n) {
    parts.push(oneHigh(firstHigh, firstLow, -1n));
    from++;
  }
  if (lastLow !== -1n) {
    parts.push(oneHigh(lastHigh, 0n, lastLow));
    to--;
  }
  if (from <= to) parts.push(unsignedRange(high, BigInt.asIntN(64, from), BigInt.asIntN(64, to)));
  return anyOf(parts);
}

function halves({ words }: Address): [bigint, bigint] {
  return [signedHalf(words[0], words[1]), signedHalf(words[2], words[3])];
}

/** `from` to `to` as unsigned numbers, over a column that holds them signed. */
function unsignedRange(value: Expression, from: bigint, to: bigint): Expression {
  const [low, high] = [wholeValue('long', from), wholeValue('long', to)];
  if (from === to) return call('equal', value, low);
  if (from < 0n === to < 0n) return between(value, low, high);
  return call('or', call('greater_or_equal', value, low), call('less_or_equal', value, high));
}

function between(value: Expression, low: Expression, high: Expression): Expression {
  return call('and', call('greater_or_equal', value, low), call('less_or_equal', value, high));
}
