import { List, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { cellsOf } from '../../api/ask.ts';
import { useAsk } from '../../api/use-ask.ts';
import { usePalette } from '../../charts/use-palette.ts';
import { pivot } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { TimeModel } from '../../charts/time-option.ts';
import { Button } from '../../controls/button.tsx';
import { counted, exact, numberOf } from '../../format/number.ts';
import { rangeText, stepText } from '../../format/time.ts';
import { useLook } from '../../shell/look.tsx';
import { bucketOf, writeRange } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { plain } from '../../values/group.tsx';
import { andTerm, term } from '../../values/terms.ts';
import { Value } from '../../values/value.tsx';
import type { RuleRow } from './rows.ts';
import { cellText } from '../../format/cell.ts';

export interface RulePanelProps {
  readonly row: RuleRow;
  readonly nsg: string;
  readonly close: () => void;
}

const pointsMax = 120;
const peersMax = 6;

/** One rule: when it is hit, and by whom. */
export function RulePanel({ row, nsg, close }: RulePanelProps): ReactNode {
  const { range, filter } = useLook();
  const { change, go } = useParameters();
  const palette = usePalette();
  const own = [term('nsg', nsg), term('rule', row.name), term('direction', row.direction)].reduce(andTerm, filter);
  const bucketMillis = bucketOf(range, pointsMax);
  const series = useAsk({ ask: 'groups', axes: [], bucketMillis, measures: [{ kind: 'flows' }] }, { filter: own });
  const peers = useAsk(
    { ask: 'groups', axes: [{ by: ['src.ip'], limit: peersMax, other: true }], measures: [{ kind: 'flows' }] },
    { filter: own },
  );
  const sums = useAsk(
    {
      ask: 'groups',
      axes: [],
      measures: [
        { kind: 'distinct', field: 'src.ip' },
        { kind: 'distinct', field: 'dst.ip' },
      ],
    },
    { filter: own },
  );
  const isDenied = row.access === 'deny';
  const model = useMemo<TimeModel | undefined>(() => {
    if (series.data === undefined) return undefined;
    const set = pivot(series.data, { columns: [], measure: 'flows', bucketMillis, range: series.data.range });
    return {
      range: series.data.range,
      times: set.times,
      bucketMillis,
      shape: 'outline',
      series: set.series.map(({ key, values }) => ({
        key,
        values,
        isOther: false,
        color: isDenied ? palette.deny : palette.allow,
      })),
    };
    // The bucket belongs to the question, not to the answer that is still shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [series.data, palette, isDenied]);
  const [sources, destinations] = ['distinct_src_ip', 'distinct_dst_ip'].map((name) =>
    sums.data === undefined ? undefined : numberOf(cellsOf(sums.data, name)[0]),
  );
  return (
    <section className="panel rule-panel" aria-label={`Rule ${row.name}`}>
      <div className="panel-head">
        <h2 className={isDenied ? 'plot-name-deny' : ''}>
          <bdi>{row.name}</bdi>
        </h2>
        <span className="small muted numbers">
          {counted(row.hits, 'hit')}
          {sources !== undefined &&
            destinations !== undefined &&
            ` by ${counted(sources, 'source')} on ${counted(destinations, 'destination')}`}
          {row.definition?.description !== undefined && ` · “${row.definition.description}”`}
        </span>
        <span className="spread" />
        <Button onPress={() => go('/flows', { q: own, lang: 'filter' })}>
          <List className="icon icon-small" aria-hidden />
          Flows
        </Button>
        <Button kind="icon" aria-label="Close" onPress={close}>
          <X className="icon" aria-hidden />
        </Button>
      </div>
      <div className="rule-panel-body">
        {model === undefined ? (
          <div className="time-chart" />
        ) : (
          <TimeChart
            model={model}
            palette={palette}
            summary={`Hits of ${row.name}, ${rangeText(model.range)} UTC, ${stepText(bucketMillis)}`}
            rowsAt={(bucket) => ({ rows: [], total: exact(model.series[0]?.values[bucket] ?? 0), totalName: 'Hits' })}
            onBrush={(brushed) => change(writeRange(brushed))}
          />
        )}
        <table className="table rule-peers">
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col" className="end">
                Hits
              </th>
            </tr>
          </thead>
          <tbody>
            {peers.data !== undefined &&
              cellsOf(peers.data, 'src_ip').map((cell, i) => (
                <tr key={cellText(cell)}>
                  <td>
                    {cellsOf(peers.data, 'other')[i] === true ? (
                      <span className="muted">Other</span>
                    ) : (
                      <Value field="src" value={plain(cell)} />
                    )}
                  </td>
                  <td className="end numbers">{exact(numberOf(cellsOf(peers.data, 'flows')[i]) ?? 0)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
