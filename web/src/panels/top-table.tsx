import type { ReactNode } from 'react';
import type { Measure } from '../../../src/query/tree.ts';
import type { Answer, Query } from '../api/ask.ts';
import { cellsOf, columnOfField } from '../api/ask.ts';
import { useAsk } from '../api/use-ask.ts';
import { bytes, exact, numberOf } from '../format/number.ts';
import { Panel } from './panel.tsx';
import { Empty } from './states.tsx';
import { useLook } from '../shell/look.tsx';
import { fieldName, shortField } from '../values/field-names.ts';
import { plain } from '../values/group.tsx';
import { andTerm } from '../values/terms.ts';
import { NotCounted, Value } from '../values/value.tsx';

export interface TopColumn {
  readonly title: string;
  readonly measure: Measure;
  readonly column: string;
  readonly isBytes?: boolean;
}

export interface TopTableProps {
  readonly title: string;
  readonly note: string;
  readonly field: string;
  /** Joined to the filter of the page. */
  readonly filter?: string;
  /** The first decides the order. */
  readonly columns: readonly TopColumn[];
  readonly empty: string;
  /** Groups without a value are left out, too. */
  readonly isValueNeeded?: boolean;
}

const top = 5;

/** The largest groups of one field, the others together, and the sum. */
export function TopTable({
  title,
  note,
  field,
  filter = '',
  columns,
  empty,
  isValueNeeded = false,
}: TopTableProps): ReactNode {
  const look = useLook();
  const joined = filter === '' ? look.filter : andTerm(look.filter, filter);
  const measures = columns.map(({ measure }) => measure);
  const answer = useAsk(
    { ask: 'groups', axes: [{ by: [field], limit: top, other: true }], measures },
    { filter: joined },
  );
  const total = useAsk({ ask: 'groups', axes: [], measures } satisfies Query, { filter: joined });
  const rows = answer.data === undefined ? [] : rowsOf(answer.data, field, columns, isValueNeeded);
  const [sum] = total.data === undefined ? [] : rowsOf(total.data, undefined, columns, false);
  const most = rows.reduce((largest, { numbers }) => Math.max(largest, numbers[0] ?? 0), 0);
  return (
    <Panel title={title} note={note} className="span-3 top-panel" answer={answer}>
      {answer.data !== undefined && rows.length === 0 ? (
        <Empty>{empty}</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={title}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{fieldName(field)}</th>
                {columns.map((column) => (
                  <th key={column.column} scope="col" className="end">
                    {column.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ key, cell, isOther, numbers }) => (
                <tr key={key}>
                  <td className="barred">
                    <span className="bar" style={{ width: `${most === 0 ? 0 : 94 * ((numbers[0] ?? 0) / most)}%` }} />
                    {isOther ? (
                      <span className="muted">Other</span>
                    ) : (
                      <Value field={shortField(field)} value={plain(cell)} />
                    )}
                  </td>
                  <Numbers numbers={numbers} columns={columns} />
                </tr>
              ))}
            </tbody>
            {sum !== undefined && (
              <tfoot>
                <tr>
                  <td>Total</td>
                  <Numbers numbers={sum.numbers} columns={columns} />
                </tr>
              </tfoot>
            )}
          </table>
        </div>
      )}
    </Panel>
  );
}

function Numbers({
  numbers,
  columns,
}: {
  readonly numbers: readonly (number | undefined)[];
  readonly columns: readonly TopColumn[];
}): ReactNode {
  return columns.map(({ column, isBytes }, i) => (
    <td key={column} className="end numbers">
      {numbers[i] === undefined ? <NotCounted /> : isBytes === true ? bytes(numbers[i]) : exact(numbers[i])}
    </td>
  ));
}

function rowsOf(answer: Answer, field: string | undefined, columns: readonly TopColumn[], isValueNeeded: boolean) {
  const cells = field === undefined ? [] : cellsOf(answer, columnOfField(field));
  const others = cellsOf(answer, 'other');
  const numbers = columns.map(({ column }) => cellsOf(answer, column));
  return Array.from({ length: answer.rows }, (_, i) => ({
    key: others[i] === true ? 'other' : JSON.stringify(cells[i] ?? null),
    cell: cells[i] ?? null,
    isOther: others[i] === true,
    numbers: numbers.map((column) => numberOf(column[i])),
  })).filter(({ isOther, cell }) => !isValueNeeded || isOther || cell !== null);
}
