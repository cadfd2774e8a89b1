import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useLake } from '../api/lake.ts';
import { age, fullTime } from '../format/time.ts';
import { carefulPercent } from '../format/number.ts';
import { useParameters } from '../url/use-parameters.ts';
import { useLook } from './look.tsx';

const staleSeconds = 300;

/** Whether the data is new, and whether it is whole. Opens the page Sources. */
export function Freshness(): ReactNode {
  const { data: lake, isError } = useLake();
  const { isPaused, isLive } = useLook();
  const { addressOf } = useParameters();
  const lag = lake?.lagSeconds ?? lagOf(lake?.last);
  const isStale = isError || lag === undefined || lag > staleSeconds;
  const state = isPaused ? 'Paused' : isStale ? 'Stale' : isLive ? 'Live' : 'Fresh';
  return (
    <Link
      href={addressOf('/sources')}
      className="header-box freshness"
      title={lake?.last === undefined ? 'No data' : `Last tuple ${fullTime(Date.parse(lake.last))}`}
    >
      <span className={`dot ${state === 'Live' || state === 'Fresh' ? 'dot-live' : 'dot-stale'}`} />
      <strong>{isError ? 'No answer' : state}</strong>
      {lag !== undefined && !isError && <span className="muted long numbers">{age(lag)} behind</span>}
      {lake?.complete !== undefined && (
        <>
          <span className="divider" />
          <span className="numbers">
            <strong>{carefulPercent(lake.complete)}</strong> <span className="muted long">complete</span>
          </span>
        </>
      )}
    </Link>
  );
}

function lagOf(last: string | undefined): number | undefined {
  return last === undefined ? undefined : (Date.now() - Date.parse(last)) / 1000;
}
