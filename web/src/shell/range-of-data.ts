import { useEffect, useRef } from 'react';
import { useSearch } from 'wouter';
import { useLake } from '../api/lake.ts';
import { writeRange } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';

const sixHours = 21_600_000;
const minute = 60_000;

/** A lake whose data is older than the usual range opens at its last hours, once, unless the address says which range. */
export function useRangeOfData(): void {
  const search = useSearch();
  const { change } = useParameters();
  const { data: lake } = useLake();
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current || lake === undefined) return;
    isDone.current = true;
    if (new URLSearchParams(search).has('from') || lake.first === undefined || lake.last === undefined) return;
    const last = Date.parse(lake.last);
    if (Date.now() - last < sixHours) return;
    const to = Math.floor(last / minute) * minute + minute;
    const from = Math.floor(Math.max(Date.parse(lake.first), to - sixHours) / minute) * minute;
    change(writeRange({ from, to }), 'replace');
  }, [lake, search, change]);
}
