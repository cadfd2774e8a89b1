import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { bytes } from '../../format/number.ts';
import { clock } from '../../format/time.ts';
import { shownValue } from '../../values/value.tsx';
import type { FlowRow } from './row.ts';
import type { Lane } from './lanes.ts';
import { lanesOf } from './lanes.ts';

const width = 392;
const margin = 14;
const laneHeight = 74;
const half = 16;

/** A lane for each observer: begin and continuing outlined, end filled, denied crossed. Between two marks stands the interval's rate. */
export function Timeline({ tuples }: { readonly tuples: readonly FlowRow[] }): ReactNode {
  const lanes = useMemo(() => lanesOf(tuples), [tuples]);
  const first = tuples.reduce((least, { time }) => Math.min(least, time), Infinity);
  const last = tuples.reduce((most, { time }) => Math.max(most, time), -Infinity);
  const span = Math.max(1, last - first);
  const xOf = (time: number): number => margin + ((time - first) / span) * (width - 2 * margin);
  const mostRate = lanes.reduce((most, lane) => Math.max(most, lane.mostRate), 0);
  return (
    <section className="drawer-section" aria-label="Timeline">
      <h3>
        Timeline <span className="muted">received above the line, sent below</span>
      </h3>
      {lanes.map((lane) => (
        <figure key={lane.key}>
          <figcaption className="flow-lane small">
            <strong>
              {shownValue('nsg', lane.nsg)} · {lane.direction}
            </strong>
            <span className="mono">{lane.mac}</span>
          </figcaption>
          <svg viewBox={`0 0 ${width} ${laneHeight}`} className="timeline" role="img" aria-label={sentenceOf(lane)}>
            <line x1={margin} x2={width - margin} y1={46} y2={46} className="timeline-line" />
            {lane.intervals.map(({ from, to, sent, received, sentRate, receivedRate }) => {
              const [x, end] = [xOf(from), xOf(to)];
              const known = sent !== undefined || received !== undefined;
              const up = mostRate === 0 ? 0 : Math.max(1, (half * receivedRate) / mostRate);
              const down = mostRate === 0 ? 0 : Math.max(1, (half * sentRate) / mostRate);
              const text = bytes((sent ?? 0) + (received ?? 0));
              return (
                <g key={from}>
                  {known ? (
                    <>
                      <rect x={x} y={46 - up} width={Math.max(1, end - x)} height={up} className="timeline-received" />
                      <rect x={x} y={46} width={Math.max(1, end - x)} height={down} className="timeline-sent" />
                    </>
                  ) : (
                    <line x1={x} x2={end} y1={46} y2={46} className="timeline-unknown" />
                  )}
                  {known && end - x > text.length * 6.4 && (
                    <text x={(x + end) / 2} y={46 - up - 8} textAnchor="middle">
                      {text}
                    </text>
                  )}
                </g>
              );
            })}
            {lane.marks.map(({ time, letter, isDenied }, i) => (
              <g
                key={`${time} ${letter} ${i}`}
                className={isDenied ? 'timeline-denied' : `timeline-mark mark-${letter}`}
              >
                {isDenied ? (
                  <>
                    <rect x={xOf(time) - 8} y={38} width={16} height={16} rx={4} />
                    <path d={`M${xOf(time) - 3.5} 42.5l7 7m0 -7l-7 7`} />
                  </>
                ) : (
                  <>
                    <circle cx={xOf(time)} cy={46} r={8} />
                    <text x={xOf(time)} y={49.5} textAnchor="middle">
                      {letter}
                    </text>
                  </>
                )}
              </g>
            ))}
            {lane.isOpen && <path d={`M${width - margin + 2} 40l8 6l-8 6`} className="timeline-line" fill="none" />}
          </svg>
        </figure>
      ))}
      <p className="flow-lane small muted numbers">
        <span>{clock(first, true)}</span>
        {last > first && <span>{clock(last, true)}</span>}
      </p>
    </section>
  );
}

function sentenceOf({ nsg, direction, marks }: Lane): string {
  return `${nsg ?? ''} ${direction}: ${marks.map(({ time, state }) => `${state} at ${clock(time, true)}`).join(', ')}`;
}
