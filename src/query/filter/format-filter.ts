import { formatAddress, sameAddress } from '../../net/address.ts';
import { formatTime } from '../../base/time.ts';
import { findField } from './fields.ts';
import type { Condition, Match, Test } from '../tree.ts';

/** The expression of a condition, in one form: what `parseFilter` reads back into the same condition. */
export function formatFilter(condition: Condition): string {
  switch (condition.kind) {
    case 'or':
      return condition.items.map((item) => bracketed(item, item.kind === 'or')).join(' or ');
    case 'and':
      return condition.items.map((item) => bracketed(item, item.kind === 'or' || item.kind === 'and')).join(' and ');
    case 'not':
      return `not ${bracketed(condition.item, condition.item.kind === 'or' || condition.item.kind === 'and')}`;
    case 'fields':
      return `${condition.left} ${condition.operator} ${condition.right}`;
    default:
      return formatTest(condition);
  }
}

function bracketed(condition: Condition, needed: boolean): string {
  return needed ? `(${formatFilter(condition)})` : formatFilter(condition);
}

function formatTest({ field, any }: Test): string {
  const [match] = any;
  if (any.length === 1 && match.kind === 'glob') return `${field} like ${quote(match.pattern)}`;
  if (any.length === 1 && match.kind === 'regex') return `${field} ~ ${quote(match.pattern)}`;
  if (any.length === 1 && match.kind === 'order') return `${field} ${match.operator} ${formatValue(field, match)}`;
  const values = any.map((one) => formatValue(field, one));
  return any.length === 1 ? `${field} in ${values[0]}` : `${field} in (${values.join(', ')})`;
}

function formatValue(field: string, match: Match): string {
  switch (match.kind) {
    case 'absent':
      return 'null';
    case 'addresses':
      return sameAddress(match.first, match.last)
        ? formatAddress(match.first)
        : `${formatAddress(match.first)}-${formatAddress(match.last)}`;
    case 'numbers':
      return match.from === match.to ? String(match.from) : `${match.from}-${match.to}`;
    case 'order':
      return findField(field)?.kind === 'time' ? formatTime(match.value) : String(match.value);
    case 'text':
      return quote(match.value);
    case 'glob':
      return match.pattern;
    default:
      return quote(match.pattern);
  }
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
