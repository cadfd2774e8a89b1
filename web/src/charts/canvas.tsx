import type { ECharts, EChartsCoreOption } from 'echarts/core';
import type { ReactNode, RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { Size } from './time-option.ts';

export interface CanvasProps {
  readonly option: (size: Size) => EChartsCoreOption;
  /** Called with each new chart: to listen to its events. */
  readonly onChart?: (chart: ECharts) => void;
}

/** Draws an option when it or the size changes. */
export function Canvas({ option, onChart }: CanvasProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const size = useSize(place);
  useEffect(() => () => chart.current?.dispose(), []);
  useEffect(() => {
    const element = place.current;
    if (element === null || size.width === 0 || size.height === 0) return undefined;
    let isGone = false;
    void import('./echarts.ts').then(({ init }) => {
      if (isGone) return;
      let shown = chart.current;
      if (shown === undefined || shown.isDisposed()) {
        shown = init(element, null, { renderer: 'canvas', ...size });
        chart.current = shown;
        onChart?.(shown);
      } else shown.resize(size);
      shown.setOption(option(size), { notMerge: true, lazyUpdate: false });
    });
    return () => {
      isGone = true;
    };
  }, [option, size, onChart]);
  return <div ref={place} className="canvas" aria-hidden />;
}

const nothing: Size = { width: 0, height: 0 };

export function useSize(place: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState(nothing);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return size;
}
