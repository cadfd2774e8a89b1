import { useMemo } from 'react';
import type { Answer, Query } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { useAsk } from '../../api/use-ask.ts';
import { useLake } from '../../api/lake.ts';
import { numberOf } from '../../format/number.ts';
import { useLook } from '../../shell/look.tsx';
import type { Change, HourValue, Seen } from './changed.ts';
import {
  compareHour,
  dayMillis,
  newDays,
  newSources,
  quietDays,
  unusualSentence,
  usualDays,
  wokenRules,
} from './changed.ts';
import { cellText } from '../../format/cell.ts';

const hourMillis = 3_600_000;
const groupsMax = 2000;

export interface Changed {
  readonly changes: readonly Change[];
  readonly isWaiting: boolean;
  readonly error: unknown;
  /** How many days of data lie before the range: with too few of them, everything would be new. */
  readonly daysBefore: number;
}

const grouped = (field: string): Query => ({
  ask: 'groups',
  axes: [{ by: [field], limit: groupsMax }],
  measures: [{ kind: 'flows' }, { kind: 'denied' }],
});
const hours: Query = {
  ask: 'groups',
  axes: [{ by: ['access'], limit: 2 }],
  bucketMillis: hourMillis,
  measures: [{ kind: 'flows' }],
};

/** Each rule asks only where the lake has the days that it needs. */
export function useChanged(): Changed {
  const { range } = useLook();
  const { data: lake } = useLake();
  const first = lake?.first === undefined ? undefined : Date.parse(lake.first);
  const daysBefore = first === undefined ? 0 : Math.max(0, (range.from - first) / dayMillis);
  const hasNew = daysBefore >= newDays;
  const hasQuiet = daysBefore >= quietDays;
  const hasUsual = daysBefore >= newDays;
  const sources = useAsk(grouped('src.ip'), { enabled: hasNew });
  const sourcesBefore = useAsk(grouped('src.ip'), { enabled: hasNew, range: before(range.from, newDays) });
  const rules = useAsk(grouped('rule'), { enabled: hasQuiet });
  const rulesBefore = useAsk(grouped('rule'), { enabled: hasQuiet, range: before(range.from, quietDays) });
  const history = useAsk(hours, {
    enabled: hasUsual,
    range: { from: range.from - usualDays * dayMillis, to: range.to },
  });
  const changes = useMemo(() => {
    const found: Change[] = [];
    if (sources.data !== undefined && sourcesBefore.data !== undefined)
      found.push(...newSources(seenOf(sources.data, 'src_ip'), valuesOf(sourcesBefore.data, 'src_ip')));
    if (rules.data !== undefined && rulesBefore.data !== undefined)
      found.push(...wokenRules(seenOf(rules.data, 'rule'), valuesOf(rulesBefore.data, 'rule')));
    if (history.data !== undefined) found.push(...unusualHours(history.data, range));
    return found.sort((left, right) => right.weight - left.weight);
  }, [sources.data, sourcesBefore.data, rules.data, rulesBefore.data, history.data, range]);
  const all = [sources, sourcesBefore, rules, rulesBefore, history];
  return {
    changes,
    daysBefore,
    isWaiting: lake === undefined || all.some(({ isLoading }) => isLoading),
    error: all.find(({ isError }) => isError)?.error,
  };
}

function before(end: number, days: number): { from: number; to: number } {
  return { from: end - days * dayMillis, to: end };
}

function seenOf(answer: Answer, column: string): Seen[] {
  const [values, flows, denied] = [column, 'flows', 'denied'].map((name) => cellsOf(answer, name));
  return Array.from({ length: answer.rows }, (_, i) => ({
    value: cellText(values[i]),
    flows: numberOf(flows[i]) ?? 0,
    denied: numberOf(denied[i]) ?? 0,
  }));
}

function valuesOf(answer: Answer, column: string): Set<string> {
  return new Set(cellsOf(answer, column).map((cell) => cellText(cell)));
}

/** The whole hours of the range, allowed and denied each against their own history. */
function unusualHours(answer: Answer, range: { readonly from: number; readonly to: number }): Change[] {
  const [times, access, flows] = ['time', 'access', 'flows'].map((name) => cellsOf(answer, name));
  return (['allow', 'deny'] as const).flatMap((kind) => {
    const values = Array.from({ length: answer.rows }, (_, i) => i)
      .filter((i) => access[i] === kind)
      .map((i): HourValue => ({ time: Date.parse(cellText(times[i])), value: numberOf(flows[i]) ?? 0 }));
    return values
      .filter(({ time }) => time >= range.from && time + hourMillis <= range.to)
      .flatMap((hour) => {
        const usual = compareHour(hour, values);
        const name = kind === 'deny' ? 'Denied flows' : 'Allowed flows';
        return usual.state === 'unusual' ? [unusualSentence(name, `access = ${kind}`, hour.value, usual.median)] : [];
      });
  });
}
