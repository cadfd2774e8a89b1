import type { ReactNode } from 'react';
import { bytes, exact } from '../../format/number.ts';
import { clock, dayAndClock, duration, fullTime } from '../../format/time.ts';
import { AccessTag } from '../../values/access.tsx';
import { NotCounted, shownValue, Value } from '../../values/value.tsx';
import type { FlowRow } from './row.ts';

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly isEnd?: boolean;
  readonly isPinned?: boolean;
  /** For the width, and for sorting texts. */
  readonly text: (row: FlowRow) => string;
  readonly order: (row: FlowRow) => number | string;
  readonly cell: (row: FlowRow, isOneDay: boolean) => ReactNode;
  readonly isTuples?: boolean;
  readonly isConversations?: boolean;
}

const address = (field: 'src' | 'dst', title: string, pick: (row: FlowRow) => string): Column => ({
  id: field,
  title,
  text: pick,
  order: pick,
  cell: (row) => <Value field={field} value={pick(row)} />,
});

const port = (field: string, pick: (row: FlowRow) => number | null): Column => ({
  id: field,
  title: 'Port',
  isEnd: true,
  text: (row) => String(pick(row) ?? '—'),
  order: (row) => pick(row) ?? -1,
  cell: (row) => <Value field={field} value={pick(row)} className={field === 'src.port' ? 'muted' : ''} />,
});

const words = (field: string, title: string, pick: (row: FlowRow) => string | null): Column => ({
  id: field,
  title,
  text: (row) => shownValue(field, pick(row)),
  order: (row) => pick(row) ?? '',
  cell: (row) => <Value field={field} value={pick(row)} />,
});

const counter = (id: string, title: string, pick: (row: FlowRow) => number | undefined, shown = exact): Column => ({
  id,
  title,
  isEnd: true,
  text: (row) => (pick(row) === undefined ? 'not counted' : shown(pick(row)!)),
  order: (row) => pick(row) ?? -1,
  cell: (row) =>
    pick(row) === undefined ? <NotCounted /> : <span title={exact(pick(row)!)}>{shown(pick(row)!)}</span>,
});

export const columns: readonly Column[] = [
  {
    id: 'time',
    title: 'Time',
    isPinned: true,
    text: (row) => dayAndClock(row.time, true),
    order: (row) => row.time,
    cell: (row, isOneDay) => (
      <span className="muted" title={fullTime(row.time)}>
        {isOneDay ? clock(row.time, true) : dayAndClock(row.time, true)}
      </span>
    ),
  },
  {
    id: 'access',
    title: 'Access',
    isPinned: true,
    text: () => 'Allowed xxx',
    order: (row) => row.access,
    cell: (row) => (
      <Value field="access" value={row.access}>
        <AccessTag access={row.access} />
      </Value>
    ),
  },
  address('src', 'Source', ({ source }) => source),
  port('src.port', ({ sourcePort }) => sourcePort),
  address('dst', 'Destination', ({ destination }) => destination),
  port('dst.port', ({ destinationPort }) => destinationPort),
  words('rule', 'Rule', ({ rule }) => rule),
  counter('bytes', 'Bytes', (row) => row.bytes, bytes),
  words('protocol', 'Protocol', ({ protocol }) => protocol),
  words('state', 'State', ({ state }) => state),
  {
    id: 'duration',
    title: 'Duration',
    isEnd: true,
    isConversations: true,
    text: () => '00 min 00 s',
    order: (row) => (row.lastTime ?? row.time) - row.time,
    cell: (row) => (row.lastTime === undefined || row.lastTime === row.time ? '' : duration(row.lastTime - row.time)),
  },
  counter('packets', 'Packets', (row) => row.packets),
  words('direction', 'Direction', ({ direction }) => direction),
  words('nsg', 'NSG', ({ nsg }) => nsg),
  words('mac', 'MAC', ({ mac }) => mac),
  { ...counter('observers', 'Observers', (row) => row.observers), isConversations: true },
];

/** Pixels of a digit at the size of cells; wide enough for capitals of names. */
const characterWidth = 6.9;
const padding = 20;
const measuredMax = 2000;
/** Of `14:45:26`, and of the title. */
const oneDayWidth = 92;

/** Widths that cut no address, port or rule of the rows. */
export function widthsOf(shown: readonly Column[], rows: readonly FlowRow[], isOneDay: boolean): number[] {
  const measured = rows.slice(0, measuredMax);
  return shown.map(({ id, text, title }) => {
    if (id === 'time' && isOneDay) return oneDayWidth;
    const longest = measured.reduce((most, row) => Math.max(most, text(row).length), title.length + 2);
    return Math.ceil(Math.min(longest, 400) * characterWidth + padding);
  });
}

export function sorted(rows: readonly FlowRow[], sort: string): readonly FlowRow[] {
  const isDescending = sort.startsWith('-');
  const column = columns.find(({ id }) => id === sort.replace(/^-/, ''));
  if (column === undefined) return rows;
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((left, right) => {
    const [one, other] = [column.order(left), column.order(right)];
    return one === other ? 0 : one < other ? -sign : sign;
  });
}
