/** What is counted, as the page offers it. */
import type { Measure } from '../../../src/query/tree.ts';
import { bytes, exact, shortText } from '../format/number.ts';

export interface ShownMeasure {
  readonly id: string;
  readonly label: string;
  readonly measure: Measure;
  /** Of the answer. */
  readonly column: string;
  /** Of an axis; `''` for counts. */
  readonly unit: string;
  /** Counts of a bucket are shown by the minute; rates are as they are. */
  readonly isRate: boolean;
  readonly text: (value: number) => string;
}

export const measures: readonly ShownMeasure[] = [
  {
    id: 'flows',
    label: 'Flows',
    measure: { kind: 'flows' },
    column: 'flows',
    unit: '',
    isRate: false,
    text: exactOrShort,
  },
  {
    id: 'bytes',
    label: 'Bytes',
    measure: { kind: 'sum', of: 'bytes' },
    column: 'bytes',
    unit: 'B',
    isRate: false,
    text: bytes,
  },
  {
    id: 'bits',
    label: 'bit/s',
    measure: { kind: 'rate', of: 'bytes', isBits: true },
    column: 'bits_per_second',
    unit: 'bit/s',
    isRate: true,
    text: (value) => shortText(value, 'bit/s'),
  },
  {
    id: 'packets',
    label: 'Packets',
    measure: { kind: 'sum', of: 'packets' },
    column: 'packets',
    unit: '',
    isRate: false,
    text: exactOrShort,
  },
];

export function measureOf(id: string): ShownMeasure {
  return measures.find((one) => one.id === id) ?? measures[0];
}

/** Small averages keep their digits. */
function exactOrShort(value: number): string {
  return Number.isInteger(value) || value >= 100 ? exact(value) : shortText(value);
}
