import type { ReactNode } from 'react';
import { useCallback, useMemo, useState } from 'react';
import type { Query } from '../../api/ask.ts';
import { useAsk } from '../../api/use-ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { Segmented } from '../../controls/segmented.tsx';
import { bytes, counted, exact, numberOf, percent } from '../../format/number.ts';
import { day } from '../../format/time.ts';
import { CopyAs, DownloadAs } from '../../panels/copy-as.tsx';
import { NoData } from '../../panels/no-data.tsx';
import { Panel } from '../../panels/panel.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { sorted } from './columns.tsx';
import { FlowDrawer } from './drawer.tsx';
import { Histogram } from '../../panels/histogram.tsx';
import { flowRows } from './row.ts';
import { FlowTable } from './table.tsx';
import './flows.css';

/** How many rows are asked for, one after the other. */
const limits = [1000, 5000, 25_000, 100_000] as const;

export function FlowsPage(): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const isTuples = values.rows === 'tuples';
  const sort = values.sort === '' ? '-time' : values.sort;
  const [step, setStep] = useState(0);
  const limit = limits[step];
  const query = useMemo<Query>(
    () => ({ ask: isTuples ? 'tuples' : 'conversations', limit, newest: sort !== 'time', descending: sort !== 'time' }),
    [isTuples, limit, sort],
  );
  const answer = useAsk(query);
  const total = useAsk({
    ask: 'groups',
    axes: [],
    measures: [{ kind: isTuples ? 'tuples' : 'flows' }, { kind: 'sum', of: 'bytes' }],
    ...(isTuples ? { observations: true } : {}),
  });
  const rows = useMemo(
    () => (answer.data === undefined ? [] : sorted(flowRows(answer.data), sort)),
    [answer.data, sort],
  );
  const select = useCallback(
    (sel: string) => change({ sel }, values.sel === '' || sel === '' ? 'push' : 'replace'),
    [change, values.sel],
  );
  const reachEnd = useCallback(() => {
    if (answer.data !== undefined && !answer.isPlaceholderData && answer.data.rows === limit)
      setStep((old) => Math.min(limits.length - 1, old + 1));
  }, [answer.data, answer.isPlaceholderData, limit]);
  const count = total.data === undefined ? undefined : numberOf(cellsOf(total.data, isTuples ? 'tuples' : 'flows')[0]);
  const sum = total.data === undefined ? undefined : numberOf(cellsOf(total.data, 'bytes')[0]);
  const { summary } = total.data ?? {};
  const share = summary?.counted === undefined || summary.flows === 0 ? undefined : summary.counted / summary.flows;
  const isOneDay = day(range.from) === day(range.to - 1);
  const isCut = answer.data !== undefined && answer.data.rows === limit;
  return (
    <>
      <PageHead title="Flows" sentence="Every conversation, one row each, down to the logged tuple.">
        <CopyAs query={query} />
        <DownloadAs query={query} name={isTuples ? 'tuples' : 'flows'} />
        <Segmented
          label="Rows"
          value={isTuples ? 'tuples' : 'conversations'}
          onChange={(next) => change({ rows: next, sel: '' })}
          options={[
            { id: 'conversations', label: 'Conversations' },
            { id: 'tuples', label: 'Tuples' },
          ]}
        />
      </PageHead>
      <Histogram />
      <div className={values.sel === '' ? 'flows' : 'flows flows-open'}>
        <Panel
          title={isTuples ? 'Tuples' : 'Conversations'}
          className="flows-panel"
          answer={answer}
          note={isCut ? `the ${sort === 'time' ? 'oldest' : 'newest'} ${exact(limit)}` : undefined}
          foot={
            <>
              {count !== undefined && (
                <span>
                  <strong className="numbers">{exact(count)}</strong> {isTuples ? 'tuples' : 'conversations'}
                </span>
              )}
              {sum !== undefined && (
                <span className="numbers" title={exact(sum)}>
                  {bytes(sum)}
                  {share !== undefined && share < 1 && `, ${percent(share)} counted`}
                </span>
              )}
              <span className="spread" />
              {isCut && !/^-?time$/.test(sort) && <span>Sorted within these rows</span>}
              <span>{counted(rows.length, 'row')} here</span>
            </>
          }
        >
          {answer.data !== undefined && rows.length === 0 ? (
            <NoData what={isTuples ? 'tuples' : 'flows'} />
          ) : (
            <FlowTable
              rows={rows}
              isTuples={isTuples}
              isOneDay={isOneDay}
              sort={sort}
              setSort={(next) => change({ sort: next === '-time' ? '' : next })}
              selected={values.sel}
              select={select}
              reachEnd={reachEnd}
            />
          )}
        </Panel>
        {values.sel !== '' && <FlowDrawer key={values.sel} selected={values.sel} rows={rows} select={select} />}
      </div>
    </>
  );
}
