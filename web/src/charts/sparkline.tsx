import type { ReactNode } from 'react';

const width = 68;
const height = 26;

/** A line without axes; the number beside it says how much. */
export function Sparkline({
  values,
  tone,
}: {
  readonly values: readonly number[];
  readonly tone: 'allow' | 'deny' | 'plain';
}): ReactNode {
  if (values.length < 2) return null;
  const most = values.reduce((largest, value) => Math.max(largest, value), 0) || 1;
  const points = values.map(
    (value, i) =>
      `${((i / (values.length - 1)) * width).toFixed(1)} ${(height - 2 - (value / most) * (height - 5)).toFixed(1)}`,
  );
  return (
    <svg className={`sparkline sparkline-${tone}`} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      <path className="sparkline-area" d={`M0 ${height}L${points.join('L')}L${width} ${height}z`} />
      <path className="sparkline-line" d={`M${points.join('L')}`} />
    </svg>
  );
}

/** Bars of a few buckets, for a row of a table. */
export function SparkBars({
  values,
  tone,
}: {
  readonly values: readonly number[];
  readonly tone: 'allow' | 'deny';
}): ReactNode {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0) || 1;
  const step = width / Math.max(1, values.length);
  return (
    <svg className={`sparkline sparkline-${tone}`} viewBox={`0 0 ${width} 16`} aria-hidden>
      <line x1="0" x2={width} y1="15.5" y2="15.5" className="sparkline-base" />
      {values.map((value, i) =>
        value === 0 ? null : (
          <rect
            // oxlint-disable-next-line react/no-array-index-key -- Buckets have no other name.
            key={i}
            className="sparkline-bar"
            x={i * step}
            width={Math.max(1, step - 0.8)}
            y={16 - Math.max(1.5, (15 * value) / most)}
            height={Math.max(1.5, (15 * value) / most)}
          />
        ),
      )}
    </svg>
  );
}
