import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Answer } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { useLake } from '../../api/lake.ts';
import { useAsk } from '../../api/use-ask.ts';
import { pivot } from '../../charts/series.ts';
import { Sparkline } from '../../charts/sparkline.tsx';
import { carefulPercent, change, counted, exact, numberOf, percent, short } from '../../format/number.ts';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { andTerm } from '../../values/terms.ts';

export interface FiguresProps {
  readonly isCompared: boolean;
  readonly series: Answer | undefined;
  readonly bucketMillis: number;
}

/** Six numbers; each opens its flows. */
export function Figures({ isCompared, series, bucketMillis }: FiguresProps): ReactNode {
  const { range, filter } = useLook();
  const { addressOf } = useParameters();
  const { data: lake } = useLake();
  const { data: total } = useAsk({
    ask: 'groups',
    axes: [],
    measures: [
      { kind: 'flows' },
      { kind: 'denied' },
      { kind: 'sum', of: 'bytes' },
      { kind: 'distinct', field: 'src.ip' },
      { kind: 'distinct', field: 'rule' },
    ],
    ...(isCompared ? { compareMillis: range.to - range.from } : {}),
  });
  const value = (name: string): number | undefined =>
    total === undefined ? undefined : numberOf(cellsOf(total, name)[0]);
  const [flows, denied] = [value('flows'), value('denied')];
  const allowed = flows === undefined || denied === undefined ? undefined : flows - denied;
  const [flowsBefore, deniedBefore] = [value('flows_before'), value('denied_before')];
  const spark = (access: string, measure: string): readonly number[] => {
    if (series === undefined) return [];
    const set = pivot(series, { columns: ['access'], measure, bucketMillis, range: series.range });
    const own = set.series.filter(({ group }) => access === '' || group[0] === access);
    return set.times.map((_, i) => own.reduce((sum, { values }) => sum + values[i], 0));
  };
  const { summary } = total ?? {};
  const counts = summary?.counted === undefined || summary.flows === 0 ? undefined : summary.counted / summary.flows;
  const versus = (now: number | undefined, before: number | undefined): string =>
    !isCompared || now === undefined || before === undefined ? '' : `${change(now, before)} vs before`;
  const flowsAddress = (added: string): string =>
    addressOf('/flows', added === '' ? {} : { q: andTerm(filter, added), lang: 'filter' });
  return (
    <div className="figures figures-six" role="group" aria-label="Sums">
      <Figure
        name="Allowed flows"
        value={allowed}
        note={versus(allowed, flowsBefore === undefined ? undefined : flowsBefore - (deniedBefore ?? 0))}
        href={flowsAddress('access = allow')}
        picture={<Sparkline values={spark('allow', 'flows')} tone="allow" />}
      />
      <Figure
        name="Denied flows"
        value={denied}
        note={
          versus(denied, deniedBefore) ||
          (flows === undefined || denied === undefined || flows === 0 ? '' : `${percent(denied / flows)} of all`)
        }
        href={flowsAddress('access = deny')}
        picture={<Sparkline values={spark('deny', 'flows')} tone="deny" />}
      />
      <Figure
        name="Bytes"
        value={value('bytes')}
        unit="B"
        note={[
          versus(value('bytes'), value('bytes_before')),
          counts === undefined || counts >= 1 ? '' : `${percent(1 - counts)} not counted`,
        ]
          .filter((part) => part !== '')
          .join(' · ')}
        href={addressOf('/explore', { m: 'bytes' })}
        picture={<Sparkline values={spark('', 'bytes')} tone="plain" />}
      />
      <Figure
        name="Sources"
        value={value('distinct_src_ip')}
        note={versus(value('distinct_src_ip'), value('distinct_src_ip_before')) || 'different addresses'}
        href={addressOf('/explore', { by: 'src' })}
      />
      <Figure
        name="Rules hit"
        value={value('distinct_rule')}
        note={versus(value('distinct_rule'), value('distinct_rule_before')) || 'different rules'}
        href={addressOf('/rules')}
      />
      <Figure
        name="Completeness"
        text={lake?.complete === undefined ? undefined : carefulPercent(lake.complete)}
        note={lake === undefined ? '' : `${counted(lake.tuples.rows, 'tuple')} in the lake`}
        href={addressOf('/sources')}
      />
    </div>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value?: number | undefined;
  readonly text?: string | undefined;
  readonly unit?: string;
  readonly note: string;
  readonly href: string;
  readonly picture?: ReactNode;
}

function Figure({ name, value, text, unit = '', note, href, picture }: FigureProps): ReactNode {
  const shown =
    text === undefined
      ? value === undefined
        ? undefined
        : value < 100_000 && unit === ''
          ? { value: exact(value), unit: '' }
          : short(value, unit)
      : { value: text.replace(' %', ''), unit: '%' };
  return (
    <Link href={href} className="figure" title={value === undefined ? undefined : exact(value)}>
      <span className="figure-name">{name}</span>
      <span className="figure-value numbers">
        {shown === undefined ? '—' : shown.value}
        {shown !== undefined && shown.unit !== '' && <small> {shown.unit}</small>}
      </span>
      <span className="figure-note numbers">{note}</span>
      {picture !== undefined && <span className="figure-picture">{picture}</span>}
    </Link>
  );
}
