import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Answer } from '../../api/ask.ts';
import { requestJson } from '../../api/client.ts';
import { bytes, counted, exact, numberOf } from '../../format/number.ts';
import { dayAndClock, duration, fullTime } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useLook } from '../../shell/look.tsx';
import { cellText } from '../../format/cell.ts';

export interface QueryResultProps {
  readonly language: 'kql' | 'sql';
  readonly text: string;
}

const shownMax = 1000;

/** Rows of a KQL or SQL query. The range of the page selects rows of KQL; SQL has its own conditions. */
export function QueryResult({ language, text }: QueryResultProps): ReactNode {
  const { range } = useLook();
  const answer = useQuery({
    queryKey: ['ask', language, text, language === 'kql' ? range : undefined],
    queryFn: ({ signal }) =>
      requestJson<Answer>(language, { body: language === 'kql' ? { text, ...range } : { text }, signal }),
    placeholderData: keepPreviousData,
    enabled: text !== '',
  });
  const { data } = answer;
  return (
    <>
      <PageHead title="Explore" sentence={`Rows of a query in ${language.toUpperCase()}. Ctrl-Enter runs it.`} />
      <Panel
        title={language.toUpperCase()}
        className="query-result"
        answer={answer}
        note={
          data === undefined
            ? ''
            : `${counted(data.rows, 'row')} in ${duration(data.millis)}${data.rows > shownMax ? `, the first ${exact(shownMax)} are shown` : ''}`
        }
      >
        {data === undefined ? (
          <Empty>{text === '' ? 'Write a query above.' : 'Running.'}</Empty>
        ) : (
          <Rows answer={data} />
        )}
      </Panel>
    </>
  );
}

function Rows({ answer }: { readonly answer: Answer }): ReactNode {
  const rows = Array.from({ length: Math.min(shownMax, answer.rows) }, (_, i) => i);
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label="Rows">
      <table className="table">
        <thead>
          <tr>
            {answer.columns.map(({ name, kind }) => (
              <th key={name} scope="col" className={kind === 'number' ? 'end' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {answer.columns.map(({ name, kind, unit }, column) => (
                <td key={name} className={kind === 'number' ? 'end numbers' : ''}>
                  <Shown cell={answer.data[column][row]} kind={kind} unit={unit} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ShownProps {
  readonly cell: unknown;
  readonly kind: string;
  readonly unit: string | undefined;
}

function Shown({ cell, kind, unit }: ShownProps): ReactNode {
  if (cell === null || cell === undefined) return <span className="faint">null</span>;
  if (kind === 'time') {
    const time = Date.parse(cellText(cell));
    return Number.isNaN(time) ? cellText(cell) : <span title={fullTime(time)}>{dayAndClock(time, true)}</span>;
  }
  if (kind === 'number') {
    const number = numberOf(cell);
    if (number === undefined) return cellText(cell);
    if (unit === 'bytes') return <span title={exact(number)}>{bytes(number)}</span>;
    // A port or a year has no thousands.
    return unit === undefined ? cellText(cell) : exact(number);
  }
  return <bdi>{cellText(cell)}</bdi>;
}
