/** The questions of the page Explore. */
import type { Measure } from '../../../../src/query/tree.ts';
import type { Query } from '../../api/ask.ts';
import type { Range } from '../../url/range.ts';
import { bucketOf } from '../../url/range.ts';
import type { Parameters } from '../../url/parameters.ts';
import { canonicalField } from '../../values/field-names.ts';
import type { ShownMeasure } from '../../values/measures.ts';
import { measureOf } from '../../values/measures.ts';

export interface Plan {
  readonly fields: readonly string[];
  readonly measure: ShownMeasure;
  readonly top: number;
  readonly bucketMillis: number;
  readonly isCompared: boolean;
  /** The largest groups. */
  readonly groups: Query;
  /** The same over time. */
  readonly series: Query;
  readonly total: Query;
  /** Of everything over time, with the period before. */
  readonly before: Query;
}

const topMax = 50;
/** One point for three pixels of a chart that is 1,100 pixels wide. */
const pointsMax = 360;

export function planOf({ by, m, top, cmp }: Parameters, range: Range, pointsWanted = 120): Plan {
  const fields = [
    ...new Set(
      by
        .split(',')
        .filter((field) => field !== '')
        .map(canonicalField),
    ),
  ];
  const measure = measureOf(m);
  const limit = Math.min(topMax, Math.max(1, Number.parseInt(top, 10) || 8));
  const bucketMillis = bucketOf(range, Math.min(pointsMax, pointsWanted));
  const isCompared = cmp === 'before';
  const compared = isCompared ? { compareMillis: range.to - range.from } : {};
  const axes = fields.length === 0 ? [] : [{ by: fields, limit, other: true }];
  const all = [measure.measure, ...tableMeasures.filter(({ kind }) => kind !== measure.measure.kind || kind === 'sum')];
  const unique = all.filter((one, i) => all.findIndex((other) => same(one, other)) === i);
  return {
    fields,
    measure,
    top: limit,
    bucketMillis,
    isCompared,
    groups: { ask: 'groups', axes, measures: unique, ...compared },
    series: { ask: 'groups', axes, bucketMillis, measures: [measure.measure] },
    total: { ask: 'groups', axes: [], measures: [...unique, ...distinct(fields)], ...compared },
    before: { ask: 'groups', axes: [], bucketMillis, measures: [measure.measure], ...compared },
  };
}

const tableMeasures: readonly Measure[] = [{ kind: 'flows' }, { kind: 'denied' }, { kind: 'sum', of: 'bytes' }];

/** How many groups there are, where one field makes them. */
function distinct(fields: readonly string[]): readonly Measure[] {
  return fields.length === 1 ? [{ kind: 'distinct', field: fields[0] }] : [];
}

function same(left: Measure, right: Measure): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
