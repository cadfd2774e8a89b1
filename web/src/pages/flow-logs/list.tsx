import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { FlowLog } from '../../api/flow-logs.ts';
import { counted } from '../../format/number.ts';
import { age, fullTime } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';
import { StateTag } from './state-tag.tsx';

export interface FlowLogListProps {
  readonly logs: UseQueryResult<readonly FlowLog[]>;
  readonly selected: string;
  readonly open: (id: string) => void;
}

export function FlowLogList({ logs, selected, open }: FlowLogListProps): ReactNode {
  const rows = logs.data ?? [];
  return (
    <Panel title="Flow logs" note={logs.data === undefined ? '' : counted(rows.length, 'log')} answer={logs}>
      {logs.data?.length === 0 ? (
        <Empty>No flow log exists, so nothing is recorded.</Empty>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Flow logs">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">Target</th>
                <th scope="col">Format</th>
                <th scope="col">Account</th>
                <th scope="col" className="end">
                  Retention
                </th>
                <th scope="col">Traffic Analytics</th>
                <th scope="col" className="end">
                  Last block
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((log) => (
                <tr key={log.id} data-selected={log.id === selected}>
                  <td>
                    <button type="button" className="link-button" onClick={() => open(log.id)}>
                      <bdi>{log.name}</bdi>
                    </button>
                  </td>
                  <td>
                    <StateTag log={log} />
                  </td>
                  <td>
                    <bdi>{log.target.name}</bdi> <span className="muted">{log.target.kind}</span>
                  </td>
                  <td>{formatText(log)}</td>
                  <td>
                    <bdi>{log.account.name}</bdi> <span className="muted">{log.account.location ?? log.location}</span>
                  </td>
                  <td className="end numbers">{retentionText(log.retentionDays)}</td>
                  <td>{log.trafficAnalytics ? 'On' : <span className="muted">Off</span>}</td>
                  <td className="end numbers">
                    <LastBlock log={log} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function LastBlock({ log: { lastBlock } }: { readonly log: FlowLog }): ReactNode {
  if (lastBlock === undefined) return <span className="muted">none yet</span>;
  const time = Date.parse(lastBlock);
  return <span title={fullTime(time)}>{age((Date.now() - time) / 1000)} ago</span>;
}

export function formatText({ format, version }: Pick<FlowLog, 'format' | 'version'>): string {
  return format === 'vnet' ? 'VNet, version 4' : `NSG, version ${version}`;
}

export function retentionText(days: number): string {
  return days === 0 ? 'forever' : counted(days, 'day');
}
