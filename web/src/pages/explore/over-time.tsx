import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useCallback, useMemo } from 'react';
import type { Answer } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { useLake } from '../../api/lake.ts';
import type { Palette } from '../../charts/palette.ts';
import type { Series, SeriesSet } from '../../charts/series.ts';
import { pivot, totalsOf } from '../../charts/series.ts';
import type { TimeModel, TimeShape } from '../../charts/time-option.ts';
import { timeScale } from '../../charts/time-option.ts';
import type { TooltipRow } from '../../charts/time-chart.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import { counted, numberOf, percent } from '../../format/number.ts';
import { rangeText, stepText } from '../../format/time.ts';
import { Panel } from '../../panels/panel.tsx';
import { NoData } from '../../panels/no-data.tsx';
import type { Range } from '../../url/range.ts';
import { writeRange } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { fieldsText } from '../../values/field-names.ts';
import { groupText } from '../../values/group.tsx';
import type { Plan } from './query.ts';

export interface OverTimeProps {
  readonly plan: Plan;
  readonly answer: UseQueryResult<Answer>;
  readonly set: SeriesSet | undefined;
  readonly total: Answer | undefined;
  readonly before: Answer | undefined;
  readonly palette: Palette;
  readonly colorOf: (key: string, group: readonly unknown[]) => string;
  readonly marked: string | undefined;
}

export function OverTime(props: OverTimeProps): ReactNode {
  const { plan, answer, set, total, before, palette, colorOf, marked } = props;
  const { values, change } = useParameters();
  const { data: lake } = useLake();
  const { measure, fields } = plan;
  const range = answer.data?.range;
  const shape: TimeShape =
    values.chart === 'share' || values.chart === 'lines' || values.chart === 'bars' ? values.chart : 'stacked';
  const beforeValues = useMemo(() => {
    if (before === undefined || set === undefined || range === undefined) return undefined;
    const column = `${measure.column}_before`;
    const factor = measure.isRate ? 1 : 60_000 / set.bucketMillis;
    return pivot(before, { columns: [], measure: column, bucketMillis: set.bucketMillis, range, factor }).series[0]
      ?.values;
  }, [before, set, range, measure]);
  const model = useMemo<TimeModel | undefined>(
    () =>
      set === undefined || range === undefined
        ? undefined
        : {
            range,
            times: set.times,
            bucketMillis: set.bucketMillis,
            shape,
            unit: measure.unit,
            series: set.series.map(({ key, group, isOther, values: own }) => ({
              key,
              isOther,
              values: own,
              color: isOther ? palette.other : colorOf(key, group),
            })),
            before: plan.isCompared && shape !== 'share' ? beforeValues : undefined,
          },
    [set, range, shape, measure, palette, colorOf, plan.isCompared, beforeValues],
  );
  const sums = useMemo(() => (set === undefined ? [] : totalsOf(set)), [set]);
  const text = useCallback(
    (value: number, sum: number) =>
      shape === 'share' ? percent(sum === 0 ? 0 : value / sum) : measure.text(Math.round(value * 10) / 10),
    [shape, measure],
  );
  const rowsAt = useCallback(
    (bucket: number) => ({
      rows: (set?.series ?? []).toReversed().map((one): TooltipRow => ({
        key: one.key,
        name: nameOf(one, fields),
        color: one.isOther ? palette.other : colorOf(one.key, one.group),
        value: text(one.values[bucket], sums[bucket]),
        isOther: one.isOther,
      })),
      total: measure.text(Math.round(sums[bucket] * 10) / 10),
      totalName: measure.isRate ? 'Total' : 'Total, per minute',
    }),
    [set, fields, palette, colorOf, text, sums, measure],
  );
  const gaps = useMemo(() => {
    const last = lake?.last === undefined || range === undefined ? undefined : Date.parse(lake.last);
    return range === undefined || last === undefined || last >= range.to || last < range.from
      ? []
      : [{ from: last, to: range.to }];
  }, [lake?.last, range]);
  const onBrush = useCallback((brushed: Range) => change(writeRange(brushed)), [change]);
  const flows = total === undefined ? undefined : numberOf(cellsOf(total, 'flows')[0]);
  const title = fields.length === 0 ? `${measure.label} over time` : `${measure.label} by ${fieldsText(fields)}`;
  const note = [measure.isRate ? '' : 'per minute', set === undefined ? '' : stepText(set.bucketMillis)].filter(
    (part) => part !== '',
  );
  return (
    <Panel
      title={title}
      className="explore-time"
      note={`${note.join(', ')}${flows === undefined ? '' : ` · ${counted(flows, 'flow')}`}`}
      answer={answer}
      actions={
        <>
          {plan.isCompared && (
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
      {model === undefined ? (
        <div className="time-chart" />
      ) : model.series.length === 0 ? (
        <NoData />
      ) : values.chart === 'multiples' ? (
        <Multiples
          model={model}
          set={set!}
          fields={fields}
          palette={palette}
          measureText={measure.text}
          onBrush={onBrush}
        />
      ) : (
        <TimeChart
          model={model}
          palette={palette}
          summary={`${title}, ${rangeText(model.range)} UTC. The table below has the same values.`}
          gaps={gaps}
          rowsAt={rowsAt}
          onBrush={onBrush}
          marked={marked}
        />
      )}
    </Panel>
  );
}

function nameOf({ isOther, group }: Series, fields: readonly string[]): string {
  return isOther ? 'Other' : fields.length === 0 ? 'All' : groupText(fields, group);
}

interface MultiplesProps {
  readonly model: TimeModel;
  readonly set: SeriesSet;
  readonly fields: readonly string[];
  readonly palette: Palette;
  readonly measureText: (value: number) => string;
  readonly onBrush: (range: Range) => void;
}

const multiplesMax = 24;

/** A small chart for each series, all with one scale. */
function Multiples({ model, set, fields, palette, measureText, onBrush }: MultiplesProps): ReactNode {
  const scale = timeScale({ ...model, shape: 'lines' });
  return (
    <div className="multiples">
      {model.series.slice(0, multiplesMax).map((one, i) => {
        const name = nameOf(set.series[i], fields);
        return (
          <figure key={one.key}>
            <figcaption className="small">
              <span className="swatch" style={{ background: one.color }} />
              <bdi>{name}</bdi>
            </figcaption>
            <TimeChart
              model={{ ...model, series: [one], shape: 'outline', scale, before: undefined }}
              palette={palette}
              height={108}
              summary={`${name}, ${rangeText(model.range)} UTC`}
              rowsAt={(bucket) => ({ rows: [], total: measureText(one.values[bucket]), totalName: name })}
              onBrush={onBrush}
            />
          </figure>
        );
      })}
    </div>
  );
}
