import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import type { Answer } from '../../api/ask.ts';
import { cellsOf, columnOfField } from '../../api/ask.ts';
import type { SeriesSet } from '../../charts/series.ts';
import { keyOf, otherKey, statisticsOf, totalsOf } from '../../charts/series.ts';
import { bytes, change as changeText, exact, numberOf, percent } from '../../format/number.ts';
import { Panel } from '../../panels/panel.tsx';
import { NotCounted } from '../../values/value.tsx';
import { fieldName, fieldsText } from '../../values/field-names.ts';
import { Group } from '../../values/group.tsx';
import type { Plan } from './query.ts';

export interface LegendTableProps {
  readonly plan: Plan;
  readonly groups: UseQueryResult<Answer>;
  readonly total: Answer | undefined;
  readonly set: SeriesSet | undefined;
  readonly colorOf: (key: string, group: readonly unknown[]) => string;
  readonly marked: string | undefined;
  readonly mark: (key: string | undefined) => void;
}

interface Row {
  readonly key: string;
  readonly group: readonly (string | number | boolean | null | object)[];
  readonly value: number | undefined;
  readonly flows: number;
  readonly denied: number;
  readonly bytes: number | undefined;
  readonly before: number | undefined;
}

/** The legend of the chart above is this table: its twin in numbers. */
export function LegendTable({ plan, groups, total, set, colorOf, marked, mark }: LegendTableProps): ReactNode {
  const { fields, measure, isCompared } = plan;
  const rows = useMemo(() => (groups.data === undefined ? [] : rowsOf(groups.data, plan)), [groups.data, plan]);
  const [all] = useMemo(() => (total === undefined ? [] : rowsOf(total, { ...plan, fields: [] })), [total, plan]);
  const statistics = useMemo(() => new Map(set?.series.map(({ key, values }) => [key, statisticsOf(values)])), [set]);
  const ofAll = useMemo(() => (set === undefined ? undefined : statisticsOf(totalsOf(set))), [set]);
  const largest = rows.reduce((most, { value }) => Math.max(most, value ?? 0), 0);
  const distinct =
    total === undefined || fields.length !== 1
      ? undefined
      : numberOf(cellsOf(total, `distinct_${columnOfField(fields[0])}`)[0]);
  const named = rows.filter(({ key }) => key !== otherKey).length;
  const counted = groups.data?.summary;
  const share = counted?.counted === undefined || counted.flows === 0 ? undefined : counted.counted / counted.flows;
  const cells = (row: Row, stats: ReturnType<typeof statisticsOf> | undefined): ReactNode => (
    <>
      <td className="end numbers barred">
        <span
          className="bar"
          style={{ width: `${largest === 0 ? 0 : 76 * Math.min(1, (row.value ?? 0) / largest)}%` }}
        />
        {row.value === undefined ? <NotCounted /> : measure.text(row.value)}
      </td>
      <td className="end numbers">
        {row.value === undefined || all?.value === undefined || all.value === 0
          ? ''
          : ((100 * row.value) / all.value).toFixed(1)}
      </td>
      <td className="end numbers">{stats === undefined ? '' : measure.text(Math.round(stats.average * 10) / 10)}</td>
      <td className="end numbers">{stats === undefined ? '' : measure.text(Math.round(stats.p95 * 10) / 10)}</td>
      <td className="end numbers">{stats === undefined ? '' : measure.text(Math.round(stats.max * 10) / 10)}</td>
      <td className="end numbers">
        <DeniedShare denied={row.denied} flows={row.flows} />
      </td>
      <td className="end numbers">{row.bytes === undefined ? <NotCounted /> : bytes(row.bytes)}</td>
      {isCompared && (
        <td className="end numbers muted">{row.before === undefined ? '' : changeText(row.value ?? 0, row.before)}</td>
      )}
    </>
  );
  return (
    <Panel
      title="Table"
      className="span-7"
      note={
        fields.length === 0 || groups.data === undefined
          ? ''
          : distinct === undefined
            ? `the largest ${exact(named)}`
            : `${exact(named)} of ${exact(distinct)}`
      }
      answer={groups}
      foot={
        <>
          <span>{measure.isRate ? 'Avg, p95 and max are of the steps.' : `Avg, p95 and max are by the minute.`}</span>
          {share !== undefined && share < 1 && <span>Bytes: {percent(1 - share)} of flows are not counted</span>}
        </>
      }
    >
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Table">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{fields.length === 0 ? 'All' : fields.map(fieldName).join(', ')}</th>
              <th scope="col" className="end">
                {measure.label}
              </th>
              <th scope="col" className="end">
                %
              </th>
              <th scope="col" className="end">
                Avg
              </th>
              <th scope="col" className="end">
                p95
              </th>
              <th scope="col" className="end">
                Max
              </th>
              <th scope="col" className="end">
                Denied %
              </th>
              <th scope="col" className="end">
                Bytes
              </th>
              {isCompared && (
                <th scope="col" className="end">
                  vs before
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr
                key={row.key}
                data-marked={row.key === marked || undefined}
                onPointerEnter={() => mark(row.key)}
                onPointerLeave={() => mark(undefined)}
              >
                <td>
                  <span
                    className={row.key === otherKey ? 'swatch swatch-other' : 'swatch'}
                    {...(row.key === otherKey ? {} : { style: { background: colorOf(row.key, row.group) } })}
                  />
                  {row.key === otherKey ? (
                    <span className="muted">
                      Other
                      {distinct === undefined ? '' : ` (${exact(distinct - named)} ${fieldsText(fields)}s)`}
                    </span>
                  ) : fields.length === 0 ? (
                    'All'
                  ) : (
                    <Group fields={fields} group={row.group as never} />
                  )}
                </td>
                {cells(row, statistics.get(row.key))}
              </tr>
            ))}
          </tbody>
          {all !== undefined && fields.length > 0 && (
            <tfoot>
              <tr>
                <td>Total</td>
                {cells(all, ofAll)}
              </tr>
            </tfoot>
          )}
        </table>
      </div>
    </Panel>
  );
}

function rowsOf(answer: Answer, { fields, measure }: Pick<Plan, 'fields' | 'measure'>): Row[] {
  const groups = fields.map((field) => cellsOf(answer, columnOfField(field)));
  const [values, flows, denied, byteCells, before, other] = [
    measure.column,
    'flows',
    'denied',
    'bytes',
    `${measure.column}_before`,
    'other',
  ].map((name) => cellsOf(answer, name));
  return Array.from({ length: answer.rows }, (_, row) => {
    const isOther = other[row] === true;
    const group = isOther ? [] : groups.map((cells) => cells[row] ?? null);
    return {
      key: isOther ? otherKey : keyOf(group),
      group,
      value: numberOf(values[row]),
      flows: numberOf(flows[row]) ?? 0,
      denied: numberOf(denied[row]) ?? 0,
      bytes: numberOf(byteCells[row]),
      before: numberOf(before[row]),
    };
  });
}

function DeniedShare({ denied, flows }: { readonly denied: number; readonly flows: number }): ReactNode {
  const share = flows === 0 ? 0 : denied / flows;
  return (
    <span className="denied-share">
      <span className="denied-track" aria-hidden>
        <span style={{ width: `${100 * share}%` }} />
      </span>
      <span>{(100 * share).toFixed(1)}</span>
    </span>
  );
}
