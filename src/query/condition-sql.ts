/**
 * Conditions as SQL. Three values: a counter that was not counted makes a test unknown, and so its negation; every
 * other absent value is just not equal to anything. A row is selected where the whole is true.
 */
import { ipv4RangePattern } from '../lake/address-pattern.ts';
import { signedHalf } from '../lake/schema.ts';
import type { Address } from '../net/address.ts';
import { formatAddress, sameAddress } from '../net/address.ts';
import type { Field } from './fields.ts';
import { findField } from './fields.ts';
import { assert } from '../base/assert.ts';
import type { Dialect, Parameters } from './dialect.ts';
import type { Condition, FieldComparison, Match, Test } from './tree.ts';

/** The condition over a relation that has the lake's columns. */
export function conditionSql(condition: Condition, dialect: Dialect, parameters: Parameters): string {
  return compile(condition, { dialect, parameters }, false);
}

/** What is compiled for, and where values go. */
interface Target {
  readonly dialect: Dialect;
  readonly parameters: Parameters;
}

/** Names of the fields that a condition asks for. */
export function fieldsOf(condition: Condition): Set<string> {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return new Set(condition.items.flatMap((item) => [...fieldsOf(item)]));
    case 'not':
      return fieldsOf(condition.item);
    case 'fields':
      return new Set([condition.left, condition.right]);
    default:
      return new Set([condition.field]);
  }
}

/** Columns of the lake that the SQL of a condition names. */
export function columnsOfCondition(condition: Condition): string[] {
  return [...fieldsOf(condition)].flatMap((name) => {
    const field = fieldNamed(name);
    const keys = field.kind === 'address' ? field.columns.flatMap(addressKeys) : [];
    return [...field.columns, ...keys];
  });
}

/** The number columns of an address column. */
function addressKeys(column: string): string[] {
  const side = column.slice(0, 3);
  return [`${side}_ipv6_high`, `${side}_ipv6_low`];
}

/** `inverted`: under an odd number of `not`s, where null would turn into neither. */
function compile(condition: Condition, target: Target, inverted: boolean): string {
  switch (condition.kind) {
    case 'and':
      return `(${condition.items.map((item) => compile(item, target, inverted)).join(' AND ')})`;
    case 'or':
      return `(${condition.items.map((item) => compile(item, target, inverted)).join(' OR ')})`;
    case 'not':
      return `(NOT ${compile(condition.item, target, !inverted)})`;
    case 'fields':
      return comparisonSql(condition, target, inverted);
    default:
      return testSql(condition, target, inverted);
  }
}

function comparisonSql({ left, operator, right }: FieldComparison, { dialect }: Target, inverted: boolean): string {
  const field = fieldNamed(left);
  const sql = `${valueSql(field, dialect)} ${operator} ${valueSql(fieldNamed(right), dialect)}`;
  return field.kind === 'counter' || !inverted ? `(${sql})` : `coalesce(${sql}, false)`;
}

function testSql({ field: name, any }: Test, target: Target, inverted: boolean): string {
  const field = fieldNamed(name);
  const values = field.join === 'either' ? field.columns : [valueSql(field, target.dialect)];
  const tests = values.flatMap((value) => matchesSql(field, value, any, target));
  const sql = `(${tests.join(' OR ')})`;
  return field.kind === 'counter' || !inverted ? sql : `coalesce(${sql}, false)`;
}

function fieldNamed(name: string): Field {
  const field = findField(name);
  assert(field !== undefined, `the tree names the field ${name}, which exists`);
  return field;
}

/** A field's value. A sum of two counters is null where neither was counted. */
function valueSql(field: Field, dialect: Dialect): string {
  if (field.join !== 'sum') return field.columns[0];
  const [a, b] = field.columns;
  return `CASE WHEN ${a} IS NULL THEN ${b} ELSE ${dialect.wide(a)} + coalesce(${b}, 0) END`;
}

function matchesSql(field: Field, value: string, any: readonly Match[], target: Target): string[] {
  const tests: string[] = [];
  const equals: string[] = [];
  for (const match of any) {
    if (match.kind === 'numbers' && match.from === match.to) equals.push(target.parameters.number(match.from));
    else if (match.kind === 'text' && field.kind !== 'rule' && field.kind !== 'text')
      equals.push(target.parameters.text(match.value));
    else tests.push(matchSql(field, value, match, target));
  }
  if (equals.length === 1) tests.push(`${value} = ${equals[0]}`);
  // A counter that is absent is unknown; not every engine's IN says so.
  else if (field.kind === 'counter') tests.push(...equals.map((other) => `${value} = ${other}`));
  else if (equals.length > 1) tests.push(`${value} IN (${equals.join(', ')})`);
  return tests;
}

const rulePrefixes = ['UserRule_', 'DefaultRule_'];

function matchSql(field: Field, value: string, match: Match, target: Target): string {
  switch (match.kind) {
    case 'absent':
      return `${value} IS NULL`;
    case 'addresses':
      return addressesSql(value === 'src_ip' ? 'src' : 'dst', match.first, match.last, target);
    case 'numbers':
      return `${value} BETWEEN ${target.parameters.number(match.from)} AND ${target.parameters.number(match.to)}`;
    case 'order': {
      const other = field.kind === 'time' ? target.parameters.time(match.value) : target.parameters.number(match.value);
      return `${value} ${match.operator} ${other}`;
    }
    case 'text': {
      const texts = ruleForms(field, match.value).map((text) => target.dialect.lower(target.parameters.text(text)));
      return `${target.dialect.lower(value)} IN (${texts.join(', ')})`;
    }
    case 'glob': {
      const patterns = ruleForms(field, match.pattern).map((pattern) =>
        target.dialect.like(value, target.parameters.text(likePattern(pattern))),
      );
      return patterns.join(' OR ');
    }
    default:
      return target.dialect.matches(value, target.parameters.text(match.pattern));
  }
}

/** A rule's name matches as logged and without its prefix. */
function ruleForms(field: Field, text: string): string[] {
  return field.kind === 'rule' ? [text, ...rulePrefixes.map((prefix) => prefix + text)] : [text];
}

function likePattern(glob: string): string {
  return glob
    .replaceAll(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}

/** Addresses `first` to `last`: IPv4 by its text, IPv6 by the lake's number columns; see addressKeys in lake/schema.ts. */
function addressesSql(side: 'src' | 'dst', first: Address, last: Address, target: Target): string {
  if (first.family === 4) {
    const column = `${side}_ip`;
    return sameAddress(first, last)
      ? `${column} = ${target.parameters.text(formatAddress(first))}`
      : target.dialect.matches(column, target.parameters.text(ipv4RangePattern(first.words[3], last.words[3])));
  }
  const high = `${side}_ipv6_high`;
  const low = `${side}_ipv6_low`;
  const [firstHigh, firstLow] = halves(first);
  const [lastHigh, lastLow] = halves(last);
  if (firstHigh === lastHigh)
    return `(${high} = ${target.parameters.number(firstHigh)} AND ${unsignedRange(low, firstLow, lastLow, target)})`;
  const parts: string[] = [];
  let from = BigInt.asUintN(64, firstHigh);
  let to = BigInt.asUintN(64, lastHigh);
  if (firstLow !== 0n) {
    parts.push(`(${high} = ${target.parameters.number(firstHigh)} AND ${unsignedRange(low, firstLow, -1n, target)})`);
    from++;
  }
  if (lastLow !== -1n) {
    parts.push(`(${high} = ${target.parameters.number(lastHigh)} AND ${unsignedRange(low, 0n, lastLow, target)})`);
    to--;
  }
  if (from <= to) parts.push(unsignedRange(high, BigInt.asIntN(64, from), BigInt.asIntN(64, to), target));
  return `(${parts.join(' OR ')})`;
}

function halves({ words }: Address): [bigint, bigint] {
  return [signedHalf(words[0], words[1]), signedHalf(words[2], words[3])];
}

/** `from` to `to` as unsigned numbers, over a column that holds them signed. */
function unsignedRange(column: string, from: bigint, to: bigint, target: Target): string {
  if (from === to) return `${column} = ${target.parameters.number(from)}`;
  if (from < 0n === to < 0n)
    return `${column} BETWEEN ${target.parameters.number(from)} AND ${target.parameters.number(to)}`;
  return `(${column} >= ${target.parameters.number(from)} OR ${column} <= ${target.parameters.number(to)})`;
}
