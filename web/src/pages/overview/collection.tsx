import type { ReactNode } from 'react';
import { useLook } from '../../shell/look.tsx';
import { Link } from 'wouter';
import { useCalendar } from '../../api/sources.ts';
import { carefulPercent } from '../../format/number.ts';
import { dayAndClock } from '../../format/time.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { sentenceOf } from '../sources/calendar.tsx';

const hourMillis = 3_600_000;
const logsMax = 6;

/** The last 24 hours of each flow log. Opens the page Sources. */
export function Collection(): ReactNode {
  const { range } = useLook();
  const { addressOf } = useParameters();
  const to = Math.ceil(range.to / hourMillis) * hourMillis;
  const { data } = useCalendar(to - 24 * hourMillis, to);
  if (data === undefined || data.logs.length === 0) return null;
  return (
    <section className="panel collection" aria-label="Collection">
      <h2>
        Collection <span className="small muted">24 hours</span>
      </h2>
      {data.logs.slice(0, logsMax).map(({ name, complete, cells }) => (
        <Link key={name} href={addressOf('/sources')} className="collection-log">
          <span className="small">
            <strong>
              <bdi>{name}</bdi>
            </strong>{' '}
            <span className="muted numbers">{carefulPercent(complete)}</span>
          </span>
          <span className="collection-hours" role="img" aria-label={`${name}: ${carefulPercent(complete)} complete`}>
            {data.hours.map((hour, i) => (
              <span
                key={hour}
                className={`cell-${cells[i]?.state ?? 'off'}`}
                title={`${dayAndClock(hour)}: ${sentenceOf(cells[i] ?? null)}`}
              />
            ))}
          </span>
        </Link>
      ))}
    </section>
  );
}
