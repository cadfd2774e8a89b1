import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useLocation, useParams } from 'wouter';
import { cellsOf } from '../../api/ask.ts';
import type { Nsg } from '../../api/nsgs.ts';
import { useNsgs, useRules } from '../../api/nsgs.ts';
import { useOpenSession } from '../../api/session.ts';
import { useAsk } from '../../api/use-ask.ts';
import { pivot } from '../../charts/series.ts';
import { Segmented } from '../../controls/segmented.tsx';
import { numberOf } from '../../format/number.ts';
import { CopyAs } from '../../panels/copy-as.tsx';
import { NoData } from '../../panels/no-data.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useLook } from '../../shell/look.tsx';
import { bucketOf } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { andTerm, term } from '../../values/terms.ts';
import type { Query } from '../../api/ask.ts';
import { NsgList } from './nsg-list.tsx';
import { RulePanel } from './rule-panel.tsx';
import { ruleKey, ruleRows } from './rows.ts';
import { RuleTable } from './rule-table.tsx';
import { cellText } from '../../format/cell.ts';
import './rules.css';

export interface NsgSums {
  readonly name: string;
  readonly nsg: Nsg | undefined;
  readonly allowed: number;
  readonly denied: number;
}

const sparkBars = 24;
const nsgsMax = 500;
const rulesMax = 2000;

const nsgQuery: Query = {
  ask: 'groups',
  axes: [{ by: ['nsg'], limit: nsgsMax }],
  measures: [{ kind: 'flows' }, { kind: 'denied' }],
};
const hitsQuery: Query = {
  ask: 'groups',
  axes: [{ by: ['rule', 'direction', 'access'], limit: rulesMax }],
  measures: [{ kind: 'flows' }, { kind: 'sum', of: 'bytes' }, { kind: 'last' }],
};

export function RulesPage(): ReactNode {
  const session = useOpenSession();
  const { values, change, addressOf } = useParameters();
  const { range, filter } = useLook();
  const [, navigate] = useLocation();
  const { nsg: named = '' } = useParams<{ nsg?: string }>();
  const defined = useNsgs(session.service);
  const sums = useAsk(nsgQuery);
  const list = useMemo(() => {
    const found = new Map<string, NsgSums>();
    for (const nsg of defined.data ?? [])
      found.set(nsg.name.toLowerCase(), { name: nsg.name, nsg, allowed: 0, denied: 0 });
    if (sums.data !== undefined) {
      const [names, flows, denied] = ['nsg', 'flows', 'denied'].map((name) => cellsOf(sums.data, name));
      names.forEach((cell, i) => {
        const name = cellText(cell);
        if (name === '') return;
        const old = found.get(name.toLowerCase());
        const [all, no] = [numberOf(flows[i]) ?? 0, numberOf(denied[i]) ?? 0];
        found.set(name.toLowerCase(), { name: old?.name ?? name, nsg: old?.nsg, allowed: all - no, denied: no });
      });
    }
    return [...found.values()].sort((left, right) => right.allowed + right.denied - left.allowed - left.denied);
  }, [defined.data, sums.data]);
  const current = list.find(({ name }) => name.toLowerCase() === decodeURIComponent(named).toLowerCase()) ?? list[0];
  const own = current === undefined ? '' : andTerm(filter, term('nsg', current.name));
  const hits = useAsk(hitsQuery, { filter: own, enabled: current !== undefined });
  const bucketMillis = bucketOf(range, sparkBars);
  const series = useAsk(
    {
      ask: 'groups',
      axes: [{ by: ['rule', 'direction'], limit: rulesMax }],
      bucketMillis,
      measures: [{ kind: 'flows' }],
    },
    { filter: own, enabled: current !== undefined },
  );
  const rules = useRules(current?.name ?? '', session.service && current?.nsg !== undefined);
  const rows = useMemo(() => ruleRows(hits.data, rules.data ?? []), [hits.data, rules.data]);
  const sparks = useMemo(() => {
    if (series.data === undefined) return new Map<string, readonly number[]>();
    const set = pivot(series.data, {
      columns: ['rule', 'direction'],
      measure: 'flows',
      bucketMillis,
      range: series.data.range,
    });
    return new Map(
      set.series.map(({ group, values: bars }) => [ruleKey(cellText(group[0]), cellText(group[1])), bars]),
    );
    // The bucket belongs to the question, not to the answer that is still shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [series.data]);
  const show = values.show === 'unhit' || values.show === 'hit' ? values.show : 'all';
  const shown = rows.filter(({ hits: count }) => show === 'all' || (show === 'hit' ? count > 0 : count === 0));
  const unhit = rows.filter(({ hits: count }) => count === 0).length;
  const selected = rows.find(({ name }) => name.toLowerCase() === values.rule.toLowerCase());
  return (
    <>
      <PageHead title="Rules" sentence="Which rules are used, by whom, and which are not needed?">
        <CopyAs query={hitsQuery} />
        <Segmented
          label="Shown rules"
          value={show}
          onChange={(next) => change({ show: next })}
          options={[
            { id: 'all', label: `All ${rows.length}` },
            { id: 'hit', label: `Hit ${rows.length - unhit}` },
            { id: 'unhit', label: `Not hit ${unhit}` },
          ]}
        />
      </PageHead>
      {sums.data !== undefined && list.length === 0 ? (
        <section className="panel" aria-label="Rules">
          <NoData />
        </section>
      ) : (
        <div className="rules">
          <NsgList
            list={list}
            selected={current?.name}
            addressOf={(name) => addressOf(`/rules/${encodeURIComponent(name)}`, { show: values.show })}
            open={(name) => navigate(addressOf(`/rules/${encodeURIComponent(name)}`, { show: values.show }))}
          />
          <div className="rules-main">
            <RuleTable
              current={current}
              rows={shown}
              sparks={sparks}
              answer={hits}
              selected={selected?.key}
              select={(rule) => change({ rule }, values.rule === '' ? 'push' : 'replace')}
            />
            {selected !== undefined && current !== undefined && (
              <RulePanel key={selected.key} row={selected} nsg={current.name} close={() => change({ rule: '' })} />
            )}
          </div>
        </div>
      )}
    </>
  );
}
