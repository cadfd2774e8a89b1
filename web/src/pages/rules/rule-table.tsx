import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Fragment } from 'react';
import { Link } from 'wouter';
import type { Answer } from '../../api/ask.ts';
import { SparkBars } from '../../charts/sparkline.tsx';
import { bytes, counted, exact } from '../../format/number.ts';
import { clock, day, dayAndClock, fullTime } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { AccessTag } from '../../values/access.tsx';
import { NotCounted } from '../../values/value.tsx';
import type { NsgSums } from './page.tsx';
import type { RuleRow } from './rows.ts';

export interface RuleTableProps {
  readonly current: NsgSums | undefined;
  readonly rows: readonly RuleRow[];
  readonly sparks: ReadonlyMap<string, readonly number[]>;
  readonly answer: UseQueryResult<Answer>;
  readonly selected: string | undefined;
  readonly select: (rule: string) => void;
}

export function RuleTable({ current, rows, sparks, answer, selected, select }: RuleTableProps): ReactNode {
  const { range } = useLook();
  const { addressOf } = useParameters();
  const most = rows.reduce((largest, { hits }) => Math.max(largest, hits), 0);
  const isDefined = rows.some(({ definition }) => definition !== undefined);
  const isOneDay = day(range.from) === day(range.to - 1);
  const columnCount = isDefined ? 10 : 6;
  return (
    <Panel
      title={current?.name ?? 'Rules'}
      className="rule-table"
      answer={answer}
      note={
        current?.nsg === undefined ? (
          'rules that the logs name'
        ) : (
          <>
            {current.nsg.attachedTo.length === 0 ? 'not attached' : current.nsg.attachedTo.join(', ')} ·{' '}
            {current.nsg.flowLog === undefined ? (
              'no flow log'
            ) : (
              <>
                logged by{' '}
                <Link href={addressOf('/flow-logs', { sel: current.nsg.flowLog.id })}>{current.nsg.flowLog.name}</Link>
              </>
            )}{' '}
            · {counted(current.nsg.rules, 'rule')}
          </>
        )
      }
    >
      {rows.length === 0 && answer.data !== undefined ? (
        <Empty>No rule is of this kind.</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Rules">
          <table className="table">
            <thead>
              <tr>
                {isDefined && (
                  <th scope="col" className="end">
                    Priority
                  </th>
                )}
                <th scope="col">Rule</th>
                <th scope="col">Access</th>
                {isDefined && (
                  <>
                    <th scope="col">Source</th>
                    <th scope="col">Destination</th>
                    <th scope="col">Ports</th>
                  </>
                )}
                <th scope="col" className="end">
                  Hits
                </th>
                <th scope="col" className="end">
                  Bytes
                </th>
                <th scope="col" className="end">
                  Last hit
                </th>
                <th scope="col">Over time</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <Fragment key={row.key}>
                  {row.direction !== rows[i - 1]?.direction && (
                    <tr className="rule-direction">
                      <th scope="rowgroup" colSpan={columnCount}>
                        {row.direction === 'inbound' ? 'Inbound' : 'Outbound'}
                      </th>
                    </tr>
                  )}
                  <tr data-selected={row.key === selected} onClick={() => select(row.name)}>
                    {isDefined && <td className="end numbers muted">{row.definition?.priority ?? ''}</td>}
                    <td title={row.definition?.description}>
                      <button
                        type="button"
                        className="value"
                        aria-pressed={row.key === selected}
                        onClick={() => select(row.name)}
                      >
                        <bdi className={row.isDefault ? 'muted' : 'rule-own'}>{row.name}</bdi>
                      </button>
                    </td>
                    <td>
                      <AccessTag access={row.access} word={row.access === 'deny' ? 'Deny' : 'Allow'} />
                    </td>
                    {isDefined && (
                      <>
                        <td>{row.definition?.source}</td>
                        <td>{row.definition?.destination}</td>
                        <td>
                          {row.definition === undefined
                            ? ''
                            : `${row.definition.protocol.toLowerCase()} ${row.definition.ports}`}
                        </td>
                      </>
                    )}
                    <td className="end numbers barred">
                      <span className="bar" style={{ width: `${most === 0 ? 0 : 90 * (row.hits / most)}%` }} />
                      {row.hits === 0 ? <span className="muted">0</span> : exact(row.hits)}
                    </td>
                    <td className="end numbers">
                      {row.hits === 0 ? '' : row.bytes === undefined ? <NotCounted /> : bytes(row.bytes)}
                    </td>
                    <td className="end numbers muted">
                      {row.last === undefined ? (
                        'not hit'
                      ) : (
                        <span title={fullTime(row.last)}>{isOneDay ? clock(row.last) : dayAndClock(row.last)}</span>
                      )}
                    </td>
                    <td>
                      <SparkBars values={sparks.get(row.key) ?? []} tone={row.access === 'deny' ? 'deny' : 'allow'} />
                    </td>
                  </tr>
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
