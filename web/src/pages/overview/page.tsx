import { ArrowRightLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import type { Query } from '../../api/ask.ts';
import { Button } from '../../controls/button.tsx';
import { CopyAs } from '../../panels/copy-as.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useLook } from '../../shell/look.tsx';
import { bucketOf } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { ChangedPanel } from './changed-panel.tsx';
import { Collection } from './collection.tsx';
import { Figures } from './figures.tsx';
import { OverTime } from './over-time.tsx';
import { TopTable } from '../../panels/top-table.tsx';
import { useAsk } from '../../api/use-ask.ts';
import './overview.css';

const flows = { title: 'Flows', measure: { kind: 'flows' }, column: 'flows' } as const;
const sum = { title: 'Bytes', measure: { kind: 'sum', of: 'bytes' }, column: 'bytes', isBytes: true } as const;
const sources = {
  title: 'Sources',
  measure: { kind: 'distinct', field: 'src.ip' },
  column: 'distinct_src_ip',
} as const;
const pointsMax = 120;

/** The page one opens in the morning. */
export function OverviewPage(): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const isCompared = values.cmp === 'before';
  const bucketMillis = bucketOf(range, pointsMax);
  const query = useMemo<Query>(
    () => ({
      ask: 'groups',
      axes: [{ by: ['access'], limit: 2 }],
      bucketMillis,
      measures: [{ kind: 'flows' }, { kind: 'sum', of: 'bytes' }],
      ...(isCompared ? { compareMillis: range.to - range.from } : {}),
    }),
    [bucketMillis, isCompared, range.from, range.to],
  );
  const series = useAsk(query);
  return (
    <>
      <PageHead title="Overview" sentence="What happened, and what is different from before.">
        <CopyAs query={query} />
        <Button aria-pressed={isCompared} onPress={() => change({ cmp: isCompared ? '' : 'before' })}>
          <ArrowRightLeft className="icon icon-small" aria-hidden />
          {isCompared ? 'Compared with before' : 'Compare'}
        </Button>
      </PageHead>
      <Figures isCompared={isCompared} series={series.data} bucketMillis={bucketMillis} />
      <div className="columns">
        <OverTime answer={series} bucketMillis={bucketMillis} isCompared={isCompared} />
        <ChangedPanel />
      </div>
      <div className="columns">
        <TopTable
          title="Top talkers"
          note="by bytes"
          field="src.ip"
          columns={[sum, flows]}
          empty="No flows in this range."
        />
        <TopTable
          title="Denied"
          note="by rule"
          field="rule"
          filter="access = deny"
          columns={[flows, sources]}
          empty="Nothing was denied in this range."
        />
        <TopTable
          title="Reached ports"
          note="inbound"
          field="dst.port"
          filter="direction = inbound"
          columns={[flows, { title: 'Denied', measure: { kind: 'denied' }, column: 'denied' }]}
          empty="No inbound flow in this range."
        />
        <TopTable
          title="Countries"
          note="of inbound sources"
          field="src.country"
          filter="direction = inbound and src.country != null"
          columns={[flows, sum]}
          empty="No source has a known country."
          isValueNeeded
        />
      </div>
      <Collection />
    </>
  );
}
