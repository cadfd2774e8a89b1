import type { UseQueryResult } from '@tanstack/react-query';
import { CircleCheck, Hourglass, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Source, Sources } from '../../api/sources.ts';
import { bytes, counted, exact } from '../../format/number.ts';
import { age, fullTime } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';

const states = {
  ok: { icon: CircleCheck, word: 'In time', tone: 'muted' },
  late: { icon: Hourglass, word: 'Late', tone: 'warning' },
  error: { icon: TriangleAlert, word: 'Error', tone: 'warning' },
} as const;

/** Where blobs come from, and how far each was read. */
export function SourceList({ sources }: { readonly sources: UseQueryResult<Sources> }): ReactNode {
  const list = sources.data?.sources ?? [];
  return (
    <Panel title="Read from" className="span-7" note={sources.data === undefined ? '' : counted(list.length, 'source')}>
      {sources.data !== undefined && list.length === 0 ? (
        <Empty>Nothing is read. The service ingests what its recorder writes.</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Sources">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col">State</th>
                <th scope="col" className="end">
                  Blobs
                </th>
                <th scope="col" className="end">
                  Read
                </th>
                <th scope="col" className="end">
                  Last block
                </th>
                <th scope="col" className="end">
                  Behind
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((source) => (
                <tr key={source.name}>
                  <td className="wrap">
                    <bdi>{source.name}</bdi> <span className="muted">{source.location ?? source.kind}</span>
                    {source.error !== undefined && <div className="field-error">{source.error}</div>}
                  </td>
                  <td>
                    <State source={source} />
                  </td>
                  <td className="end numbers">{exact(source.blobs)}</td>
                  <td className="end numbers">{source.bytesRead === undefined ? '' : bytes(source.bytesRead)}</td>
                  <td className="end numbers">
                    {source.lastBlock === undefined ? (
                      <span className="muted">none yet</span>
                    ) : (
                      <span title={fullTime(Date.parse(source.lastBlock))}>
                        {age((Date.now() - Date.parse(source.lastBlock)) / 1000)} ago
                      </span>
                    )}
                  </td>
                  <td className="end numbers">{source.lagSeconds === undefined ? '' : age(source.lagSeconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function State({ source: { state } }: { readonly source: Source }): ReactNode {
  const { icon: Icon, word, tone } = states[state];
  return (
    <span className={`state state-${tone}`}>
      <Icon className="icon icon-small" aria-hidden />
      {word}
    </span>
  );
}
