import type { ReactNode } from 'react';
import { useCallback, useMemo, useState } from 'react';
import { ArrowRightLeft } from 'lucide-react';
import { useAsk } from '../../api/use-ask.ts';
import { assignColors, pivot } from '../../charts/series.ts';
import { usePalette } from '../../charts/use-palette.ts';
import { Button } from '../../controls/button.tsx';
import { CopyAs, DownloadAs } from '../../panels/copy-as.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import type { KeyAction } from '../../shell/keyboard.ts';
import { useKeyAction } from '../../shell/keyboard.ts';
import { useLook } from '../../shell/look.tsx';
import { columnOfField } from '../../api/ask.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { chartKinds, ExploreControls } from './controls.tsx';
import { LegendTable } from './legend-table.tsx';
import { OverTime } from './over-time.tsx';
import { planOf } from './query.ts';
import { QueryResult } from './query-result.tsx';
import { Relations } from './relations.tsx';
import './explore.css';

export function ExplorePage(): ReactNode {
  const { values } = useParameters();
  return values.lang === 'kql' || values.lang === 'sql' ? (
    <QueryResult language={values.lang} text={values.q} />
  ) : (
    <Explore />
  );
}

function Explore(): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const { by, m, top, cmp } = values;
  const plan = useMemo(() => planOf({ ...values, by, m, top, cmp }, range), [values, by, m, top, cmp, range]);
  const groups = useAsk(plan.groups);
  const series = useAsk(plan.series);
  const total = useAsk(plan.total);
  const before = useAsk(plan.before, { enabled: plan.isCompared });
  const palette = usePalette();
  const [marked, setMarked] = useState<string>();
  const [kept, setKept] = useState<ReadonlyMap<string, number>>(new Map());

  const set = useMemo(() => {
    if (series.data === undefined) return undefined;
    const query = series.data.range;
    return pivot(series.data, {
      columns: plan.fields.map(columnOfField),
      measure: plan.measure.column,
      bucketMillis: plan.bucketMillis,
      range: query,
      factor: plan.measure.isRate ? 1 : 60_000 / plan.bucketMillis,
    });
    // The plan changes before its answer comes; the picture of the old one stays until then.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [series.data]);
  const colors = useMemo(() => {
    const keys = (set?.series ?? []).filter(({ isOther }) => !isOther).map(({ key }) => key);
    return assignColors(keys, palette.series.length, kept);
  }, [set, kept, palette]);
  if ([...colors].some(([key, color]) => kept.get(key) !== color)) setKept(colors);
  const colorOf = useCallback(
    (key: string, group: readonly unknown[]) =>
      by === 'access'
        ? group[0] === 'deny'
          ? palette.deny
          : palette.allow
        : (palette.series[colors.get(key) ?? -1] ?? palette.other),
    [by, colors, palette],
  );
  const onKey = useCallback(
    (action: KeyAction) => {
      const kind = action.kind === 'chart' ? chartKinds[action.number - 1] : undefined;
      if (kind !== undefined) change({ chart: kind.id });
    },
    [change],
  );
  useKeyAction(onKey);
  return (
    <>
      <PageHead title="Explore" sentence="Who talks to whom, how much, and is it allowed?">
        <CopyAs query={plan.groups} />
        <DownloadAs query={plan.groups} name="explore" />
        <Button aria-pressed={plan.isCompared} onPress={() => change({ cmp: plan.isCompared ? '' : 'before' })}>
          <ArrowRightLeft className="icon icon-small" aria-hidden />
          {plan.isCompared ? 'Compared with before' : 'Compare'}
        </Button>
      </PageHead>
      <ExploreControls />
      <OverTime
        plan={plan}
        answer={series}
        set={set}
        total={total.data}
        before={before.data}
        palette={palette}
        colorOf={colorOf}
        marked={marked}
      />
      <div className="columns explore-lower">
        <LegendTable
          plan={plan}
          groups={groups}
          total={total.data}
          set={set}
          colorOf={colorOf}
          marked={marked}
          mark={setMarked}
        />
        <Relations measure={plan.measure} palette={palette} />
      </div>
    </>
  );
}
