/** Each source with each destination: cells by the logarithm of their flows. */
import type { Answer } from '../api/ask.ts';
import { cellsOf } from '../api/ask.ts';
import { numberOf } from '../format/number.ts';
import { cellText } from '../format/cell.ts';

export interface MatrixCell {
  readonly flows: number;
  readonly denied: number;
  /** 1 to 7, by the logarithm of the allowed flows; 0 where none is allowed. */
  readonly level: number;
}

export interface MatrixModel {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly cells: ReadonlyMap<string, MatrixCell>;
}

const levels = 7;

export function cellKey(source: string, destination: string): string {
  return JSON.stringify([source, destination]);
}

export function matrixModel(answer: Answer): MatrixModel {
  const [sources, destinations, flows, denied] = ['src_ip', 'dst_ip', 'flows', 'denied'].map((name) =>
    cellsOf(answer, name),
  );
  const rows = Array.from({ length: answer.rows }, (_, i) => ({
    source: cellText(sources[i]),
    destination: cellText(destinations[i]),
    flows: numberOf(flows[i]) ?? 0,
    denied: numberOf(denied[i]) ?? 0,
  })).filter((row) => row.flows > 0 && row.source !== '' && row.destination !== '');
  const most = rows.reduce((largest, row) => Math.max(largest, row.flows - row.denied), 0);
  const scale = Math.log(most + 1);
  const levelOf = (allowed: number): number =>
    allowed <= 0 ? 0 : Math.max(1, Math.min(levels, Math.ceil((levels * Math.log(allowed + 1)) / scale)));
  return {
    sources: order(rows.map(({ source, flows: count }) => [source, count])),
    destinations: order(rows.map(({ destination, flows: count }) => [destination, count])),
    cells: new Map(
      rows.map((row) => [
        cellKey(row.source, row.destination),
        { flows: row.flows, denied: row.denied, level: levelOf(row.flows - row.denied) },
      ]),
    ),
  };
}

/** The largest first. */
function order(parts: readonly (readonly [string, number])[]): string[] {
  const sums = new Map<string, number>();
  for (const [part, value] of parts) sums.set(part, (sums.get(part) ?? 0) + value);
  return [...sums].sort(([, left], [, right]) => right - left).map(([part]) => part);
}
