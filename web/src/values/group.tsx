/** The values that a group has in common, as one text and as handles. */
import type { ReactNode } from 'react';
import type { Cell } from '../../../src/query/engine/result.ts';
import { shortField } from './field-names.ts';
import { shownValue, Value } from './value.tsx';

type Plain = string | number | boolean | null;

export function plain(cell: Cell | undefined): Plain {
  return cell === undefined || typeof cell === 'object' ? (cell == null ? null : JSON.stringify(cell)) : cell;
}

/** `10.20.1.4:443` of an address and its port; else the values with dots between. */
function joinedBy(fields: readonly string[], index: number): string {
  const [before, field] = [shortField(fields[index - 1]), fields[index]];
  return field === `${before}.port` ? ':' : ' · ';
}

export function groupText(fields: readonly string[], group: readonly Cell[]): string {
  return fields.map((field, i) => (i === 0 ? '' : joinedBy(fields, i)) + shownText(fields, group, i, field)).join('');
}

/** IPv6 addresses stand in brackets before a port. */
function shownText(fields: readonly string[], group: readonly Cell[], i: number, field: string): string {
  const text = shownValue(field, plain(group[i]));
  return i + 1 < fields.length && joinedBy(fields, i + 1) === ':' && text.includes(':') ? `[${text}]` : text;
}

export function Group({
  fields,
  group,
}: {
  readonly fields: readonly string[];
  readonly group: readonly Cell[];
}): ReactNode {
  return fields.map((field, i) => (
    <span key={field}>
      {i > 0 && <span className="faint">{joinedBy(fields, i)}</span>}
      <Value field={shortField(field)} value={plain(group[i])}>
        {shownText(fields, group, i, field)}
      </Value>
    </span>
  ));
}
