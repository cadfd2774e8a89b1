import type { UseQueryResult } from '@tanstack/react-query';
import type { KeyboardEvent, ReactNode } from 'react';
import type { Calendar, CalendarCell } from '../../api/sources.ts';
import { carefulPercent, counted } from '../../format/number.ts';
import { clock, day, dayAndClock } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';
import { writeTime } from '../../url/range.ts';

export interface CalendarPanelProps {
  readonly calendar: UseQueryResult<Calendar>;
  readonly selected: string;
  readonly select: (selected: string) => void;
}

const labelStepHours = 3;

/** Hours × flow logs: what arrived, what was quiet, what is missing. */
export function CalendarPanel({ calendar, selected, select }: CalendarPanelProps): ReactNode {
  const { hours = [], logs = [] } = calendar.data ?? {};
  const missing = logs.reduce(
    (sum, { cells }) => sum + cells.reduce((own, cell) => own + (cell?.missingMinutes ?? 0), 0),
    0,
  );
  return (
    <Panel
      title="Hours"
      className="calendar-panel"
      note={
        calendar.data === undefined
          ? ''
          : missing === 0
            ? 'no minute is missing'
            : `${counted(missing, 'minute')} missing`
      }
      answer={calendar}
      actions={
        <>
          <Key state="present" text="arrived" />
          <Key state="quiet" text="no traffic" />
          <Key state="missing" text="missing" />
          <Key state="unknown" text="not known" />
        </>
      }
    >
      {calendar.data !== undefined && logs.length === 0 ? (
        <Empty>No flow log has written in these hours.</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Calendar">
          <table className="calendar" onKeyDown={moveInGrid}>
            <thead>
              <tr>
                <td />
                {hours.map((hour) => (
                  <th key={hour} scope="col">
                    {hour % (labelStepHours * 3_600_000) === 0 ? (
                      <span className="calendar-hour">{hour % 86_400_000 === 0 ? day(hour) : clock(hour)}</span>
                    ) : (
                      <span className="hidden-label">{dayAndClock(hour)}</span>
                    )}
                  </th>
                ))}
                <th scope="col" className="end">
                  Complete
                </th>
              </tr>
            </thead>
            <tbody>
              {logs.map(({ name, complete, cells }) => (
                <tr key={name}>
                  <th scope="row">
                    <bdi>{name}</bdi>
                  </th>
                  {hours.map((hour, i) => {
                    const cell = cells[i] ?? null;
                    const key = `${name} ${writeTime(hour)}`;
                    const text = `${name}, ${dayAndClock(hour)}: ${sentenceOf(cell)}`;
                    return (
                      <td key={hour}>
                        <button
                          type="button"
                          className={`calendar-cell cell-${cell?.state ?? 'off'}`}
                          aria-label={text}
                          aria-pressed={selected === key}
                          title={text}
                          onClick={() => select(selected === key ? '' : key)}
                        />
                      </td>
                    );
                  })}
                  <td className="end numbers">{carefulPercent(complete)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Key({ state, text }: { readonly state: CalendarCell['state']; readonly text: string }): ReactNode {
  return (
    <span className="legend">
      <span className={`swatch calendar-key cell-${state}`} />
      {text}
    </span>
  );
}

export function sentenceOf(cell: CalendarCell | null): string {
  if (cell === null) return 'the log was off';
  if (cell.missingMinutes > 0)
    return `${counted(cell.missingMinutes, 'minute')} missing${cell.reason === undefined ? '' : `, ${cell.reason}`}`;
  return { present: 'arrived', quiet: 'no traffic', missing: 'missing', unknown: 'not known' }[cell.state];
}

function moveInGrid(event: KeyboardEvent<HTMLTableElement>): void {
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const cell = event.target instanceof Element ? event.target.closest<HTMLTableCellElement>('td') : null;
  if (move === undefined || cell === null) return;
  event.preventDefault();
  const row = event.currentTarget.rows[(cell.parentElement as HTMLTableRowElement).rowIndex + move[0]];
  row?.cells[cell.cellIndex + move[1]]?.querySelector('button')?.focus();
}
