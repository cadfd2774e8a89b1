import type { ECharts } from 'echarts/core';
import type { ReactNode } from 'react';
import { useCallback, useMemo, useRef } from 'react';
import type { Answer } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import { useAsk } from '../../api/use-ask.ts';
import { Canvas } from '../../charts/canvas.tsx';
import type { Palette } from '../../charts/palette.ts';
import type { Link } from '../../charts/sankey-option.ts';
import { sankeyModel, sankeyOption } from '../../charts/sankey-option.ts';
import { Segmented } from '../../controls/segmented.tsx';
import { exact, numberOf } from '../../format/number.ts';
import { NoData } from '../../panels/no-data.tsx';
import { Panel } from '../../panels/panel.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import type { ShownMeasure } from '../../values/measures.ts';
import { andTerm, term } from '../../values/terms.ts';
import { Matrix } from './matrix.tsx';
import { cellText } from '../../format/cell.ts';

const linksMax = 60;

export interface RelationsProps {
  readonly measure: ShownMeasure;
  readonly palette: Palette;
}

/** Who talks to whom: by which rule, or each with each. */
export function Relations({ measure, palette }: RelationsProps): ReactNode {
  const { values, change } = useParameters();
  const rel = values.rel === 'matrix' ? 'matrix' : 'sankey';
  const isMatrix = rel === 'matrix';
  const links = useAsk(
    {
      ask: 'groups',
      axes: [{ by: ['src.ip', 'rule', 'dst.ip', 'access'], limit: linksMax, other: true }],
      measures: [measure.measure],
    },
    { enabled: !isMatrix },
  );
  const pairs = useAsk(
    {
      ask: 'groups',
      axes: [
        { by: ['src.ip'], limit: 24 },
        { by: ['dst.ip'], limit: 16 },
      ],
      measures: [{ kind: 'flows' }, { kind: 'denied' }],
    },
    { enabled: isMatrix },
  );
  const answer = isMatrix ? pairs : links;
  const shownLinks = links.data === undefined ? 0 : linksOf(links.data, measure).length;
  return (
    <Panel
      title={isMatrix ? 'Source × destination' : 'Source → rule → destination'}
      className="span-5"
      answer={answer}
      actions={
        <Segmented
          label="Relation"
          value={rel}
          onChange={(next) => change({ rel: next })}
          options={[
            { id: 'sankey', label: 'Sankey' },
            { id: 'matrix', label: 'Matrix' },
          ]}
        />
      }
      foot={
        <>
          <span className="legend">
            <span className="swatch" style={{ background: palette.allow }} /> Allowed
          </span>
          <span className="legend">
            <span className="swatch" style={{ background: palette.deny }} /> Denied
          </span>
          <span className="spread" />
          {answer.data === undefined ? null : isMatrix ? (
            <span>At most 24 × 16 addresses, the largest</span>
          ) : (
            <span>{shownLinks < linksMax ? `${exact(shownLinks)} links` : `The largest ${exact(linksMax)} links`}</span>
          )}
        </>
      }
    >
      {answer.data === undefined ? (
        <div className="relation-chart" />
      ) : answer.data.rows === 0 ? (
        <NoData />
      ) : isMatrix ? (
        <Matrix answer={answer.data} />
      ) : (
        <Sankey answer={answer.data} measure={measure} palette={palette} />
      )}
    </Panel>
  );
}

function linksOf(answer: Answer, measure: ShownMeasure): Link[] {
  const [sources, rules, destinations, access, values, other] = [
    'src_ip',
    'rule',
    'dst_ip',
    'access',
    measure.column,
    'other',
  ].map((name) => cellsOf(answer, name));
  return Array.from({ length: answer.rows }, (_, row) => row).flatMap((row) => {
    const value = numberOf(values[row]) ?? 0;
    if (value <= 0 || other[row] === true) return [];
    return [
      {
        source: cellText(sources[row]),
        rule: cellText(rules[row]),
        destination: cellText(destinations[row]),
        value,
        isDenied: access[row] === 'deny',
      },
    ];
  });
}

interface SankeyProps extends RelationsProps {
  readonly answer: Answer;
}

function Sankey({ answer, measure, palette }: SankeyProps): ReactNode {
  const { values, change } = useParameters();
  const model = useMemo(() => sankeyModel(linksOf(answer, measure)), [answer, measure]);
  const option = useCallback(() => sankeyOption(model, palette), [model, palette]);
  const filter = values.lang === 'filter' ? values.q : '';
  const act = useRef<(field: string, value: string) => void>(() => undefined);
  act.current = (field, value) => change({ q: andTerm(filter, term(field, value)), lang: 'filter' });
  const onChart = useCallback((chart: ECharts) => {
    chart.on('click', (event) => {
      const { field, own } = event.data as { field?: string; own?: string };
      if (field !== undefined && own !== undefined) act.current(field, own);
    });
  }, []);
  return (
    <div className="relation-chart">
      <Canvas option={option} onChart={onChart} />
    </div>
  );
}
