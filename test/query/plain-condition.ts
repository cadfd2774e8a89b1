/** Conditions in plain words: three values, row by row. */
import type { Address } from '../../src/net/address.ts';
import { parseAddress } from '../../src/net/address.ts';
import { findField } from '../../src/query/filter/fields.ts';
import type { Condition, Match, Test } from '../../src/query/tree.ts';
import type { PlainRow } from '../lake/plain-rows.ts';

/** True, false, or undefined for unknown. */
export function holds(condition: Condition, row: PlainRow): boolean | undefined {
  switch (condition.kind) {
    case 'not': {
      const value = holds(condition.item, row);
      return value === undefined ? undefined : !value;
    }
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      const values = condition.items.map((item) => holds(item, row));
      if (values.includes(decides)) return decides;
      return values.includes(undefined) ? undefined : !decides;
    }
    case 'fields': {
      const left = valueOf(condition.left, row);
      const right = valueOf(condition.right, row);
      if (left === null || right === null) return isCounter(condition.left) ? undefined : false;
      return compare(left, condition.operator, right);
    }
    default:
      return testHolds(condition, row);
  }
}

function testHolds({ field, any }: Test, row: PlainRow): boolean | undefined {
  const names = findField(field)?.join === 'either' ? [`src.${field}`, `dst.${field}`] : [field];
  const values = names.flatMap((name) => any.map((match) => matches(name, match, valueOf(name, row))));
  return values.includes(true) ? true : values.includes(undefined) ? undefined : false;
}

export function matches(field: string, match: Match, value: string | number | null): boolean | undefined {
  if (match.kind === 'absent') return value === null;
  if (value === null) return isCounter(field) ? undefined : false;
  if (findField(field)?.kind === 'list' && (match.kind === 'text' || match.kind === 'glob'))
    return String(value)
      .split(', ')
      .some((member) => matches('nsg', match, member));
  const texts =
    field === 'rule' ? [String(value), String(value).replace(/^(UserRule|DefaultRule)_/i, '')] : [String(value)];
  switch (match.kind) {
    case 'addresses':
      return within(parseAddress(String(value))!, match.first, match.last);
    case 'numbers':
      return Number(value) >= match.from && Number(value) <= match.to;
    case 'order':
      return compare(value, match.operator, match.value);
    case 'text':
      return texts.some((text) => text.toLowerCase() === match.value.toLowerCase());
    case 'glob': {
      const source = match.pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      return texts.some((text) => new RegExp(`^${source}$`, 'is').test(text));
    }
    default:
      return new RegExp(match.pattern).test(String(value));
  }
}

function within(address: Address, first: Address, last: Address): boolean {
  const number = ({ words }: Address): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return address.family === first.family && number(address) >= number(first) && number(address) <= number(last);
}

function compare(left: string | number, operator: string, right: string | number): boolean {
  if (operator === '=') return left === right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function isCounter(field: string): boolean {
  return /^(bytes|packets)/.test(field);
}

const columnOfField: Readonly<Record<string, string>> = { resource: 'resource_id', target: 'target_id', acl: 'acl_id' };

function valueOf(field: string, row: PlainRow): string | number | null {
  if (field === 'bytes' || field === 'packets') return sum([row[`${field}_forward`], row[`${field}_reverse`]]);
  return row[columnOfField[field] ?? field.replace('.', '_')];
}

/** Null where nothing was counted. */
export function sum(values: readonly (string | number | null)[]): number | null {
  const counted = values.filter((value) => value !== null);
  return counted.length === 0 ? null : counted.reduce<number>((total, value) => total + Number(value), 0);
}
