import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { KeyAction } from '../../shell/keyboard.ts';
import { useKeyAction } from '../../shell/keyboard.ts';
import { rowHeightOf, usePreferences } from '../../shell/preferences.ts';
import type { Column } from './columns.tsx';
import { columns, widthsOf } from './columns.tsx';
import type { FlowRow } from './row.ts';

export interface FlowTableProps {
  readonly rows: readonly FlowRow[];
  readonly isTuples: boolean;
  /** Times need no date. */
  readonly isOneDay: boolean;
  readonly sort: string;
  readonly setSort: (sort: string) => void;
  readonly selected: string;
  readonly select: (key: string) => void;
  /** The end of the rows is in sight. */
  readonly reachEnd: () => void;
}

const overscan = 10;

/** Rows of any number: those in sight are elements. */
export function FlowTable({
  rows,
  isTuples,
  isOneDay,
  sort,
  setSort,
  selected,
  select,
  reachEnd,
}: FlowTableProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const height = rowHeightOf(usePreferences());
  const shown = useMemo(
    () => columns.filter((column) => (isTuples ? column.isConversations !== true : column.isTuples !== true)),
    [isTuples],
  );
  const widths = useMemo(() => widthsOf(shown, rows, isOneDay), [shown, rows, isOneDay]);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const template = widths.map((one) => `minmax(${one}px, ${one}fr)`).join(' ');
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => height,
    overscan,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - overscan) reachEnd();
  }, [last, rows.length, reachEnd]);
  useEffect(() => virtual.measure(), [height, virtual]);

  const at = rows.findIndex(({ key }) => key === selected);
  const step = useCallback(
    (steps: number) => {
      const next = rows[Math.min(rows.length - 1, Math.max(0, at + steps))];
      if (next === undefined) return;
      select(next.key);
      virtual.scrollToIndex(rows.indexOf(next));
    },
    [rows, at, select, virtual],
  );
  const onKey = useCallback(
    (action: KeyAction) => {
      if (action.kind === 'next-row') step(1);
      else if (action.kind === 'row-before') step(-1);
    },
    [step],
  );
  useKeyAction(onKey);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== place.current) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    step(steps);
  };
  const pinned = pinnedOffsets(shown, widths);
  return (
    <div
      ref={place}
      className="flow-table"
      role="grid"
      aria-label={isTuples ? 'Tuples' : 'Conversations'}
      aria-rowcount={rows.length + 1}
      aria-colcount={shown.length}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div
        className="flow-row flow-head"
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: template, minWidth: width }}
      >
        {shown.map((column, i) => (
          <HeadCell key={column.id} column={column} left={pinned[i]} sort={sort} setSort={setSort} />
        ))}
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: width, position: 'relative' }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          return (
            <div
              key={row.key + String(index)}
              className="flow-row"
              role="row"
              aria-rowindex={index + 2}
              aria-selected={row.key === selected}
              style={{ gridTemplateColumns: template, height, transform: `translateY(${start}px)` }}
              onClick={() => select(row.key)}
            >
              {shown.map((column, i) => (
                <div
                  key={column.id}
                  role="gridcell"
                  className={`flow-cell ${column.isEnd === true ? 'end numbers' : ''} ${column.isPinned === true ? 'flow-pinned' : ''}`}
                  style={column.isPinned === true ? { left: pinned[i] } : undefined}
                >
                  {column.cell(row, isOneDay)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function pinnedOffsets(shown: readonly Column[], widths: readonly number[]): number[] {
  let left = 0;
  return shown.map((column, i) => {
    const own = left;
    if (column.isPinned === true) left += widths[i];
    return own;
  });
}

interface HeadCellProps {
  readonly column: Column;
  readonly left: number;
  readonly sort: string;
  readonly setSort: (sort: string) => void;
}

function HeadCell({ column, left, sort, setSort }: HeadCellProps): ReactNode {
  const { id, title, isEnd, isPinned } = column;
  const isSorted = sort.replace(/^-/, '') === id;
  const isDescending = isSorted && sort.startsWith('-');
  return (
    <div
      role="columnheader"
      aria-sort={isSorted ? (isDescending ? 'descending' : 'ascending') : 'none'}
      className={`flow-cell ${isEnd === true ? 'end' : ''} ${isPinned === true ? 'flow-pinned' : ''}`}
      style={isPinned === true ? { left } : undefined}
    >
      <button type="button" className="sort-button" onClick={() => setSort(isDescending ? id : `-${id}`)}>
        {title}
        {isSorted &&
          (isDescending ? (
            <ArrowDown className="icon icon-small" aria-hidden />
          ) : (
            <ArrowUp className="icon icon-small" aria-hidden />
          ))}
        {id === 'time' && <span className="faint">UTC</span>}
      </button>
    </div>
  );
}
