import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Sources } from '../../api/sources.ts';
import { exact } from '../../format/number.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';

const groups = { recorder: 'Recorder', delivery: 'Delivery', ingest: 'Ingest' } as const;

/** Nothing is dropped in silence: what was not carried on, by reason. */
export function Counters({ sources }: { readonly sources: UseQueryResult<Sources> }): ReactNode {
  const counters = (sources.data?.counters ?? []).toSorted((left, right) => right.count - left.count);
  return (
    <Panel title="Not carried on" className="span-5" note="by reason">
      {sources.data !== undefined && counters.length === 0 ? (
        <Empty>Every packet and every tuple was carried on.</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Counters">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Reason</th>
                <th scope="col">Where</th>
                <th scope="col" className="end">
                  Count
                </th>
              </tr>
            </thead>
            <tbody>
              {counters.map(({ group, reason, count, about }) => (
                <tr key={`${group} ${reason}`}>
                  <td title={about}>{reason}</td>
                  <td className="muted">{groups[group]}</td>
                  <td className="end numbers">{exact(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
