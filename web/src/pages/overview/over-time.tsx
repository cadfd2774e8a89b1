import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useCallback, useMemo } from 'react';
import type { Answer } from '../../api/ask.ts';
import { useLake } from '../../api/lake.ts';
import type { Palette } from '../../charts/palette.ts';
import { usePalette } from '../../charts/use-palette.ts';
import { pivot } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { TimeModel } from '../../charts/time-option.ts';
import { exact } from '../../format/number.ts';
import { rangeText, stepText } from '../../format/time.ts';
import { NoData } from '../../panels/no-data.tsx';
import { Panel } from '../../panels/panel.tsx';
import type { Range } from '../../url/range.ts';
import { writeRange } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';

export interface OverTimeProps {
  readonly answer: UseQueryResult<Answer>;
  readonly bucketMillis: number;
  readonly isCompared: boolean;
}

const words = { allow: 'Allowed', deny: 'Denied' } as const;

/** Two plots on one time axis, each with its own scale. */
export function OverTime({ answer, bucketMillis, isCompared }: OverTimeProps): ReactNode {
  const palette = usePalette();
  const { data: lake } = useLake();
  const { change } = useParameters();
  const onBrush = useCallback((brushed: Range) => change(writeRange(brushed)), [change]);
  const { data } = answer;
  const gaps = useMemo(() => {
    const last = lake?.last === undefined ? undefined : Date.parse(lake.last);
    return data === undefined || last === undefined || last >= data.range.to || last < data.range.from
      ? []
      : [{ from: last, to: data.range.to }];
  }, [lake?.last, data]);
  return (
    <Panel
      title="Flows over time"
      className="span-8 overview-time"
      note={`per minute, ${stepText(bucketMillis)}`}
      answer={answer}
      actions={
        <>
          {isCompared && (
            <span className="legend">
              <span className="swatch swatch-before" /> before
            </span>
          )}
          {gaps.length > 0 && (
            <span className="legend">
              <span className="swatch swatch-hatch" /> incomplete
            </span>
          )}
        </>
      }
    >
      {data !== undefined && data.rows === 0 ? (
        <NoData />
      ) : data === undefined ? (
        <div className="time-chart" />
      ) : (
        (['allow', 'deny'] as const).map((access) => (
          <Plot
            key={access}
            access={access}
            answer={data}
            bucketMillis={bucketMillis}
            isCompared={isCompared}
            palette={palette}
            gaps={gaps}
            onBrush={onBrush}
          />
        ))
      )}
    </Panel>
  );
}

interface PlotProps {
  readonly access: 'allow' | 'deny';
  readonly answer: Answer;
  readonly bucketMillis: number;
  readonly isCompared: boolean;
  readonly palette: Palette;
  readonly gaps: readonly Range[];
  readonly onBrush: (range: Range) => void;
}

function Plot({ access, answer, bucketMillis, isCompared, palette, gaps, onBrush }: PlotProps): ReactNode {
  const model = useMemo<TimeModel>(() => {
    const read = (measure: string) => {
      const factor = 60_000 / bucketMillis;
      const set = pivot(answer, { columns: ['access'], measure, bucketMillis, range: answer.range, factor });
      const own = set.series.find(({ group }) => group[0] === access);
      return { times: set.times, values: own?.values ?? set.times.map(() => 0) };
    };
    const { times, values } = read('flows');
    return {
      range: answer.range,
      times,
      bucketMillis,
      shape: 'outline',
      series: [{ key: access, color: access === 'deny' ? palette.deny : palette.allow, isOther: false, values }],
      before: isCompared ? read('flows_before').values : undefined,
    };
    // The bucket belongs to the question, not to the answer that is still shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [answer, access, palette]);
  const { values } = model.series[0];
  return (
    <figure className={`overview-plot plot-${access}`}>
      <figcaption className="small">
        <strong className={`plot-name-${access}`}>{words[access]}</strong>
        {access === 'deny' && <span className="muted"> own scale</span>}
      </figcaption>
      <TimeChart
        model={model}
        palette={palette}
        summary={`${words[access]} flows, ${rangeText(model.range)} UTC, at most ${exact(Math.max(0, ...values))} per minute`}
        gaps={gaps}
        rowsAt={(bucket) => ({
          rows:
            model.before === undefined
              ? []
              : [{ key: 'before', name: 'Before', color: palette.before, value: exact(model.before[bucket]) }],
          total: exact(values[bucket]),
          totalName: `${words[access]}, per minute`,
        })}
        onBrush={onBrush}
      />
    </figure>
  );
}
