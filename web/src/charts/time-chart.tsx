/** Series over time with what lies above the canvas: the cursor, the values under it, the brush, hatched gaps and annotations. */
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import { useCallback, useRef, useState } from 'react';
import { clock, dayAndClock, duration } from '../format/time.ts';
import type { Range } from '../url/range.ts';
import { Canvas, useSize } from './canvas.tsx';
import type { Palette } from './palette.ts';
import type { Size, TimeModel } from './time-option.ts';
import { plotMargins, timeOption } from './time-option.ts';

export interface TooltipRow {
  readonly key: string;
  readonly name: string;
  readonly color: string;
  readonly value: string;
  readonly isOther?: boolean;
}

export interface TimeChartProps {
  readonly model: TimeModel;
  readonly palette: Palette;
  /** One sentence that says what the chart shows. */
  readonly summary: string;
  readonly height?: number;
  /** Spans that are not whole. */
  readonly gaps?: readonly Range[];
  readonly annotations?: readonly { readonly time: number; readonly text: string }[];
  /** The values of a bucket, in the order of the stack from above, and their sum. */
  readonly rowsAt: (bucket: number) => {
    readonly rows: readonly TooltipRow[];
    readonly total: string;
    readonly totalName: string;
  };
  readonly onBrush: (range: Range) => void;
  /** The series that is marked here and in the table. */
  readonly marked?: string | undefined;
  readonly onMark?: (key: string | undefined) => void;
  /** What a brushed range has, such as `24,283 flows`. */
  readonly brushText?: (range: Range) => string;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

export function TimeChart(props: TimeChartProps): ReactNode {
  const { model, palette, summary, height, gaps = [], annotations = [], rowsAt, onBrush, marked, brushText } = props;
  const place = useRef<HTMLDivElement>(null);
  const size = useSize(place);
  const [cursor, setCursor] = useState<number>();
  const [brush, setBrush] = useState<Span>();
  const start = useRef<number>(undefined);
  const option = useCallback((drawn: Size) => timeOption(model, palette, drawn), [model, palette]);
  const { range, times, bucketMillis } = model;
  const plotWidth = Math.max(1, size.width - plotMargins.left - plotMargins.right);
  const xOf = (time: number): number =>
    plotMargins.left +
    ((Math.min(Math.max(time, range.from), range.to) - range.from) / (range.to - range.from)) * plotWidth;
  const timeAt = (event: PointerEvent): number => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - plotMargins.left;
    return range.from + Math.min(1, Math.max(0, x / plotWidth)) * (range.to - range.from);
  };
  const bucketAt = (time: number): number =>
    Math.min(times.length - 1, Math.max(0, Math.floor((time - times[0]) / bucketMillis)));
  const wholeBuckets = ({ from, to }: Span): Range => {
    const first = Math.min(from, to);
    const last = Math.max(from, to);
    return {
      from: Math.max(range.from, times[bucketAt(first)]),
      to: Math.min(range.to, times[bucketAt(last)] + bucketMillis),
    };
  };
  const release = (): void => {
    start.current = undefined;
    if (brush !== undefined && Math.abs(brush.to - brush.from) > (range.to - range.from) / 200)
      onBrush(wholeBuckets(brush));
    setBrush(undefined);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 }[event.key];
    if (step !== undefined) {
      const at = Math.min(times.length - 1, Math.max(0, (cursor ?? (step < 0 ? times.length : -1)) + step));
      if (event.shiftKey) setBrush((old) => ({ from: old?.from ?? times[cursor ?? at], to: times[at] }));
      setCursor(at);
    } else if (event.key === 'Enter' && brush !== undefined) release();
    else if (event.key === 'Escape') {
      setBrush(undefined);
      setCursor(undefined);
    } else return;
    event.preventDefault();
  };
  const brushed = brush === undefined ? undefined : wholeBuckets(brush);
  return (
    <div
      ref={place}
      className="time-chart"
      role="group"
      aria-roledescription="chart"
      aria-label={summary}
      tabIndex={0}
      style={height === undefined ? undefined : { height }}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => {
        const time = timeAt(event);
        setCursor(times.length === 0 ? undefined : bucketAt(time));
        if (start.current !== undefined) setBrush({ from: start.current, to: time });
      }}
      onPointerLeave={() => start.current === undefined && setCursor(undefined)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        start.current = timeAt(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={release}
      onPointerCancel={() => {
        start.current = undefined;
        setBrush(undefined);
      }}
    >
      <Canvas option={option} />
      {gaps.map(({ from, to }) => (
        <div
          key={from}
          className="chart-gap hatched"
          style={{
            left: xOf(from),
            width: Math.max(3, xOf(to) - xOf(from)),
            top: plotMargins.top,
            bottom: plotMargins.bottom,
          }}
          title={`Incomplete, ${clock(from)} – ${clock(to)}`}
        />
      ))}
      {annotations.map(({ time, text }) => (
        <button
          key={`${time} ${text}`}
          type="button"
          className="chart-annotation"
          style={{ left: xOf(time) }}
          title={`${dayAndClock(time)} ${text}`}
          aria-label={`${dayAndClock(time)} ${text}`}
        >
          <span aria-hidden>◆</span>
        </button>
      ))}
      {brushed !== undefined && (
        <div
          className="chart-brush"
          style={{
            left: xOf(brushed.from),
            width: xOf(brushed.to) - xOf(brushed.from),
            top: plotMargins.top,
            bottom: plotMargins.bottom,
          }}
        >
          <span className="layer chart-brush-label numbers">
            <strong>
              {clock(brushed.from)} – {clock(brushed.to)}
            </strong>{' '}
            · {duration(brushed.to - brushed.from)}
            {brushText !== undefined && ` · ${brushText(brushed)}`}
          </span>
        </div>
      )}
      {cursor !== undefined && brush === undefined && cursor < times.length && (
        <Cursor
          bucket={cursor}
          x={xOf(times[cursor] + bucketMillis / 2)}
          width={size.width}
          model={model}
          marked={marked}
          shown={rowsAt(cursor)}
        />
      )}
    </div>
  );
}

interface CursorProps {
  readonly bucket: number;
  readonly x: number;
  readonly width: number;
  readonly model: TimeModel;
  readonly marked: string | undefined;
  readonly shown: ReturnType<TimeChartProps['rowsAt']>;
}

function Cursor({ bucket, x, width, model, marked, shown }: CursorProps): ReactNode {
  const start = model.times[bucket];
  const isLeft = x > width / 2;
  return (
    <>
      <div className="chart-cursor" style={{ left: x, top: plotMargins.top, bottom: plotMargins.bottom }} />
      <div className="layer chart-tooltip" role="status" style={isLeft ? { right: width - x + 12 } : { left: x + 12 }}>
        <div className="chart-tooltip-head numbers">
          <strong>
            {clock(start, model.bucketMillis < 60_000)} –{' '}
            {clock(start + model.bucketMillis, model.bucketMillis < 60_000)}
          </strong>
          <span className="muted">UTC</span>
          <span className="spread" />
          <span className="muted">{duration(model.bucketMillis)}</span>
        </div>
        <ul>
          {shown.rows.map(({ key, name, color, value, isOther }) => (
            <li key={key} data-marked={key === marked || undefined}>
              <span className={isOther === true ? 'swatch swatch-other' : 'swatch'} style={{ background: color }} />
              <bdi>{name}</bdi>
              <span className="numbers">{value}</span>
            </li>
          ))}
        </ul>
        <div className="chart-tooltip-total numbers">
          <strong>{shown.totalName}</strong>
          <strong>{shown.total}</strong>
        </div>
      </div>
    </>
  );
}
