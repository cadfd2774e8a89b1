import type { ReactNode } from 'react';
import { useCallback, useMemo } from 'react';
import { useAsk } from '../api/use-ask.ts';
import { pivot } from '../charts/series.ts';
import { usePalette } from '../charts/use-palette.ts';
import type { TimeModel } from '../charts/time-option.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import { counted, exact } from '../format/number.ts';
import { rangeText, stepText } from '../format/time.ts';
import { Panel } from './panel.tsx';
import { useLook } from '../shell/look.tsx';
import type { Range } from '../url/range.ts';
import { bucketOf, writeRange } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';

const barsMax = 120;
const words = { allow: 'Allowed', deny: 'Denied' } as const;

export interface HistogramProps {
  readonly title?: string;
  readonly className?: string;
  /** Instead of the filter of the page. */
  readonly filter?: string;
}

/** Flows that begin, allowed and denied. A brush is the new range. */
export function Histogram({ title = 'Flows over time', className = '', filter }: HistogramProps): ReactNode {
  const { range } = useLook();
  const { change } = useParameters();
  const palette = usePalette();
  const bucketMillis = bucketOf(range, barsMax);
  const answer = useAsk(
    { ask: 'groups', axes: [{ by: ['access'], limit: 2 }], bucketMillis, measures: [{ kind: 'flows' }] },
    filter === undefined ? {} : { filter },
  );
  const set = useMemo(() => {
    if (answer.data === undefined) return undefined;
    const settings = { columns: ['access'], measure: 'flows', range: answer.data.range };
    const found = pivot(answer.data, { ...settings, bucketMillis });
    return found;
    // The bucket belongs to the question, not to the answer that is still shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [answer.data]);
  const series = useMemo(
    () =>
      (['allow', 'deny'] as const).flatMap((access) => {
        const one = set?.series.find(({ group }) => group[0] === access);
        return one === undefined ? [] : [{ access, values: one.values }];
      }),
    [set],
  );
  const model = useMemo<TimeModel | undefined>(
    () =>
      set === undefined || answer.data === undefined
        ? undefined
        : {
            range: answer.data.range,
            times: set.times,
            bucketMillis: set.bucketMillis,
            shape: 'bars',
            series: series.map(({ access, values }) => ({
              key: access,
              color: access === 'deny' ? palette.deny : palette.allow,
              isOther: false,
              values,
            })),
          },
    [set, answer.data, series, palette],
  );
  const sumOf = useCallback(
    ({ from, to }: Range) =>
      series.reduce(
        (sum, { values }) =>
          sum + values.reduce((own, value, i) => own + (set!.times[i] >= from && set!.times[i] < to ? value : 0), 0),
        0,
      ),
    [series, set],
  );
  return (
    <Panel
      title={title}
      note={`${stepText(set?.bucketMillis ?? bucketMillis)}, drag to set the range`}
      className={`histogram ${className}`}
      answer={answer}
      actions={series.map(({ access, values }) => (
        <span key={access} className="legend">
          <span className="swatch" style={{ background: access === 'deny' ? palette.deny : palette.allow }} />
          {words[access]} <span className="numbers">{exact(values.reduce((sum, value) => sum + value, 0))}</span>
        </span>
      ))}
    >
      {model !== undefined && (
        <TimeChart
          model={model}
          palette={palette}
          summary={`${title}, ${rangeText(model.range)} UTC: ${series
            .map(
              ({ access, values }) =>
                `${exact(values.reduce((sum, value) => sum + value, 0))} ${words[access].toLowerCase()}`,
            )
            .join(', ')}`}
          rowsAt={(bucket) => ({
            rows: series.toReversed().map(({ access, values }) => ({
              key: access,
              name: words[access],
              color: access === 'deny' ? palette.deny : palette.allow,
              value: exact(values[bucket]),
            })),
            total: exact(series.reduce((sum, { values }) => sum + values[bucket], 0)),
            totalName: 'Flows',
          })}
          onBrush={(brushed) => change({ ...writeRange(brushed), sel: '' })}
          brushText={(brushed) => counted(sumOf(brushed), 'flow')}
        />
      )}
    </Panel>
  );
}
