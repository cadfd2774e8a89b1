/** Source → rule → destination: a pure function from an answer to what ECharts draws. */
import type { EChartsCoreOption } from 'echarts/core';
import type { Cell } from '../../../src/query/engine/result.ts';
import type { Palette } from './palette.ts';

export interface Link {
  readonly source: string;
  readonly rule: string;
  readonly destination: string;
  readonly value: number;
  readonly isDenied: boolean;
}

export interface SankeyNode {
  readonly name: string;
  readonly label: string;
  /** Field and value that a click on it means; absent for all others together. */
  readonly field?: string;
  readonly value?: Cell;
}

export interface SankeyModel {
  readonly nodes: readonly SankeyNode[];
  readonly links: readonly {
    readonly source: string;
    readonly target: string;
    readonly value: number;
    readonly isDenied: boolean;
  }[];
}

const nodesMax = 12;
const otherLabel = 'Other';
const columns = [
  { id: 's', field: 'src' },
  { id: 'r', field: 'rule' },
  { id: 'd', field: 'dst' },
] as const;

/** The largest nodes of each column; links of all others go to one node. */
export function sankeyModel(links: readonly Link[]): SankeyModel {
  const kept = columns.map(({ id }) => largest(links.map((link) => [partOf(link, id), link.value])));
  const nodes = new Map<string, SankeyNode>();
  const sums = new Map<string, { source: string; target: string; value: number; isDenied: boolean }>();
  for (const link of links) {
    const names = columns.map(({ id, field }, i) => {
      const part = partOf(link, id);
      const isKept = kept[i].has(part) && part !== '';
      const name = isKept ? `${id}:${part}` : `${id}:`;
      if (!nodes.has(name))
        nodes.set(name, isKept ? { name, label: shownLabel(part), field, value: part } : { name, label: otherLabel });
      return name;
    });
    for (const [source, target] of [names.slice(0, 2), names.slice(1)]) {
      const key = JSON.stringify([source, target, link.isDenied]);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { source, target, value: link.value, isDenied: link.isDenied });
      else sum.value += link.value;
    }
  }
  return { nodes: [...nodes.values()], links: [...sums.values()] };
}

export function sankeyOption({ nodes, links }: SankeyModel, palette: Palette): EChartsCoreOption {
  return {
    animation: false,
    series: [
      {
        type: 'sankey',
        left: 8,
        right: 118,
        top: 8,
        bottom: 8,
        nodeWidth: 8,
        nodeGap: 9,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        label: {
          color: palette.text,
          fontSize: 11,
          fontFamily: 'Inter Variable, sans-serif',
          textBorderColor: palette.surface,
          textBorderWidth: 3,
          width: 170,
          overflow: 'truncate',
          formatter: ({ data }: { data: { label2: string } }) => data.label2,
        },
        data: nodes.map(({ name, label, field, value }) => ({
          name,
          label2: label,
          field,
          own: value,
          itemStyle: { color: colorOfNode(name, links, palette), borderWidth: 0 },
        })),
        links: links.map(({ source, target, value, isDenied }) => ({
          source,
          target,
          value,
          lineStyle: { color: isDenied ? palette.deny : palette.allow, opacity: isDenied ? 0.6 : 0.32, curveness: 0.5 },
        })),
      },
    ],
  };
}

function colorOfNode(name: string, links: SankeyModel['links'], palette: Palette): string {
  if (!name.startsWith('r:') || name === 'r:') return palette.before;
  return links.some(({ target, isDenied }) => target === name && isDenied) ? palette.deny : palette.allow;
}

function partOf({ source, rule, destination }: Link, id: 's' | 'r' | 'd'): string {
  return id === 's' ? source : id === 'r' ? rule : destination;
}

function largest(parts: readonly (readonly [string, number])[]): Set<string> {
  const sums = new Map<string, number>();
  for (const [part, value] of parts) sums.set(part, (sums.get(part) ?? 0) + value);
  const sorted = [...sums].sort(([, left], [, right]) => right - left).map(([part]) => part);
  return new Set(sorted.slice(0, nodesMax));
}

function shownLabel(part: string): string {
  return part.replace(/^(?:User|Default)Rule_/, '');
}
