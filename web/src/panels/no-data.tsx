import type { ReactNode } from 'react';
import { useLake } from '../api/lake.ts';
import { Button } from '../controls/button.tsx';
import { dayAndClock } from '../format/time.ts';
import { useLook } from '../shell/look.tsx';
import { writeRange } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';
import { Empty } from './states.tsx';

const sixHours = 21_600_000;

/** Why nothing is shown, and what to do about it. */
export function NoData({ what = 'flows' }: { readonly what?: string }): ReactNode {
  const { range, filter } = useLook();
  const { change } = useParameters();
  const { data: lake } = useLake();
  const first = lake?.first === undefined ? undefined : Date.parse(lake.first);
  const last = lake?.last === undefined ? undefined : Date.parse(lake.last);
  if (lake !== undefined && (first === undefined || last === undefined))
    return (
      <Empty>
        <p>The lake is empty. Rows come within a minute of the first block of a flow log.</p>
      </Empty>
    );
  if (first !== undefined && last !== undefined && (range.to <= first || range.from > last)) {
    const shown = { from: Math.max(first, last - sixHours), to: last + 1000 };
    return (
      <Empty>
        <p>
          {range.to <= first ? `No data before ${dayAndClock(first)} UTC.` : `No data after ${dayAndClock(last)} UTC.`}
        </p>
        <Button onPress={() => change(writeRange(minutes(shown)))}>Show the newest data</Button>
      </Empty>
    );
  }
  return (
    <Empty>
      <p>{filter === '' ? `No ${what} in this range.` : `No ${what} match the filter in this range.`}</p>
      {filter !== '' && <Button onPress={() => change({ q: '' })}>Remove the filter</Button>}
    </Empty>
  );
}

function minutes({ from, to }: { readonly from: number; readonly to: number }): { from: number; to: number } {
  return { from: Math.floor(from / 60_000) * 60_000, to: Math.ceil(to / 60_000) * 60_000 };
}
