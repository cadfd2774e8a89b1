/** Primitives of series: arrays of numbers, in which null is a missing value. All are called back. */
import { primitive } from '../rule.ts';
import type { Json } from '../values/json.ts';
import { isArray, isNumeric, jsonText, parseJson } from '../values/json.ts';

type Numbers = readonly (number | null)[];

const numberOf = (value: Json): number | null => {
  if (isNumeric(value)) return Number(value);
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' && /^(NaN|-?Infinity)$/.test(value) ? Number(value) : null;
};

const seriesOf = (text: string): Numbers | undefined => {
  const value = parseJson(text);
  return isArray(value) ? value.map(numberOf) : undefined;
};

/** Whole results of whole numbers stay whole. */
const seriesText = (numbers: readonly (number | null)[], isWhole = false): string =>
  jsonText(numbers.map((one) => (isWhole && one !== null && Number.isSafeInteger(one) ? BigInt(one) : one)));

const isWholeText = (text: string): boolean => !/[.eE"]/.test(text);

/** Of one series, element by element. */
const each = (of: (value: number) => number) =>
  primitive(['dynamic'], 'dynamic', (text) => {
    const series = seriesOf(text);
    return series === undefined ? undefined : seriesText(series.map((one) => (one === null ? null : of(one))));
  });

/** Of two series, or of a series and a number. */
const both = (of: (a: number, b: number) => number | boolean, keepsWhole = true) =>
  primitive(['dynamic', 'dynamic'], 'dynamic', (a, b) => {
    const [left, right] = [parseJson(a), parseJson(b)];
    const length = Math.max(isArray(left) ? left.length : 0, isArray(right) ? right.length : 0);
    if (!isArray(left) && !isArray(right)) return undefined;
    const at = (side: Json | undefined, i: number): number | null =>
      numberOf(isArray(side) ? (side[i] ?? null) : (side ?? null));
    const items = Array.from({ length }, (_, i): Json => {
      const [x, y] = [at(left, i), at(right, i)];
      if (x === null || y === null) return null;
      const value = of(x, y);
      if (typeof value === 'boolean') return value;
      return keepsWhole && isWholeText(a) && isWholeText(b) && Number.isSafeInteger(value) ? BigInt(value) : value;
    });
    return jsonText(items);
  });

const present = (series: Numbers): number[] =>
  series.filter((one): one is number => one !== null && Number.isFinite(one));

const total = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0);

function fill(
  text: string,
  missing: string,
  by: (series: Numbers, isMissing: (one: number | null) => boolean) => readonly (number | null)[],
): string | undefined {
  const series = seriesOf(text);
  if (series === undefined) return undefined;
  const placeholder = numberOf(parseJson(missing) ?? null);
  return seriesText(
    by(
      series,
      (one) =>
        one === null || one === placeholder || (placeholder !== null && Number.isNaN(placeholder) && Number.isNaN(one)),
    ),
    isWholeText(text),
  );
}

function forward(series: Numbers, isMissing: (one: number | null) => boolean): (number | null)[] {
  let last: number | null = null;
  return series.map((one) => {
    if (!isMissing(one)) last = one;
    return isMissing(one) ? (last ?? one) : one;
  });
}

function linear(
  series: Numbers,
  isMissing: (one: number | null) => boolean,
  fillEdges: boolean,
  constant: number | null,
): (number | null)[] {
  const known = series.flatMap((one, i) => (isMissing(one) ? [] : [i]));
  if (known.length === 0) return series.map(() => constant);
  return series.map((one, i) => {
    if (!isMissing(one)) return one;
    const before = known.findLast((at) => at < i);
    const after = known.find((at) => at > i);
    if (before === undefined || after === undefined) return fillEdges ? (series[before ?? after ?? 0] ?? null) : one;
    const [from, to] = [series[before] ?? 0, series[after] ?? 0];
    return from + ((to - from) * (i - before)) / (after - before);
  });
}

/** The straight line of least squares. */
function line(series: Numbers): {
  slope: number;
  interception: number;
  rsquare: number;
  variance: number;
  rvariance: number;
  line: number[];
} {
  const points = series.flatMap((y, x) => (y === null ? [] : [[x, y] as const]));
  const n = points.length;
  const [meanX, meanY] = [total(points.map(([x]) => x)) / n, total(points.map(([, y]) => y)) / n];
  const sxx = total(points.map(([x]) => (x - meanX) ** 2));
  const slope = sxx === 0 ? 0 : total(points.map(([x, y]) => (x - meanX) * (y - meanY))) / sxx;
  const interception = meanY - slope * meanX;
  const fitted = series.map((_, x) => interception + slope * x);
  const all = total(points.map(([, y]) => (y - meanY) ** 2));
  const left = total(points.map(([x, y]) => (y - interception - slope * x) ** 2));
  return {
    slope,
    interception,
    rsquare: all === 0 ? 1 : 1 - left / all,
    variance: n > 1 ? all / (n - 1) : 0,
    rvariance: n > 1 ? left / (n - 1) : 0,
    line: fitted,
  };
}

function statistics(series: Numbers): ReadonlyMap<string, Json> {
  const values = present(series);
  const n = values.length;
  if (n === 0)
    return new Map<string, Json>(
      ['min', 'min_idx', 'max', 'max_idx', 'avg', 'stdev', 'variance', 'sum', 'len'].map((name) => [name, null]),
    );
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const sum = total(values);
  const variance = n > 1 ? total(values.map((one) => (one - sum / n) ** 2)) / (n - 1) : 0;
  return new Map<string, Json>([
    ['min', least],
    ['min_idx', BigInt(series.indexOf(least))],
    ['max', most],
    ['max_idx', BigInt(series.indexOf(most))],
    ['avg', sum / n],
    ['stdev', Math.sqrt(variance)],
    ['variance', variance],
    ['sum', sum],
    ['len', BigInt(series.length)],
  ]);
}

function filtered(series: Numbers, filter: Numbers, normalizes: boolean, centers: boolean): number[] {
  const sum = filter.reduce<number>((all, one) => all + Math.abs(one ?? 0), 0);
  const scale = normalizes && sum !== 0 ? sum : 1;
  const shift = centers ? Math.floor(filter.length / 2) : 0;
  return series.map(
    (_, i) => filter.reduce<number>((all, weight, j) => all + (weight ?? 0) * (series[i + shift - j] ?? 0), 0) / scale,
  );
}

function recursive(series: Numbers, numerators: Numbers, denominators: Numbers): number[] {
  const made: number[] = [];
  const first = denominators[0] ?? 1;
  for (const i of series.keys()) {
    const input = numerators.reduce<number>((all, weight, j) => all + (weight ?? 0) * (series[i - j] ?? 0), 0);
    const back = denominators.reduce<number>(
      (all, weight, j) => (j === 0 ? all : all + (weight ?? 0) * (made[i - j] ?? 0)),
      0,
    );
    made.push((input - back) / first);
  }
  return made;
}

/** The value at a share of sorted values, between two of them. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** Tukey's fences: how far a value lies outside, as a multiple of the distance between the percentiles. */
function outliers(series: Numbers, low: number, high: number): number[] {
  const sorted = present(series).toSorted((a, b) => a - b);
  if (sorted.length === 0) return series.map(() => 0);
  const [from, to] = [quantile(sorted, low), quantile(sorted, high)];
  const width = to - from;
  return series.map((one) => {
    if (one === null || (one >= from && one <= to)) return 0;
    const distance = one > to ? one - to : one - from;
    return width === 0 ? Math.sign(distance) * Infinity : distance / width;
  });
}

const pairs = (a: string, b: string): [Numbers, Numbers] | undefined => {
  const [left, right] = [seriesOf(a), seriesOf(b)];
  return left === undefined || right === undefined || left.length !== right.length ? undefined : [left, right];
};

const dot = (a: Numbers, b: Numbers): number => total(a.map((one, i) => (one ?? 0) * (b[i] ?? 0)));

export const seriesPrimitives = {
  series_abs: each(Math.abs),
  series_exp: each(Math.exp),
  series_log: each(Math.log),
  series_sign: each(Math.sign),
  series_floor: each(Math.floor),
  series_ceiling: each(Math.ceil),
  series_sin: each(Math.sin),
  series_cos: each(Math.cos),
  series_tan: each(Math.tan),
  series_asin: each(Math.asin),
  series_acos: each(Math.acos),
  series_atan: each(Math.atan),
  series_add: both((a, b) => a + b),
  series_subtract: both((a, b) => a - b),
  series_multiply: both((a, b) => a * b),
  series_divide: both((a, b) => a / b, false),
  series_pow: both((a, b) => a ** b, false),
  series_equals: both((a, b) => a === b),
  series_not_equals: both((a, b) => a !== b),
  series_less: both((a, b) => a < b),
  series_less_equals: both((a, b) => a <= b),
  series_greater: both((a, b) => a > b),
  series_greater_equals: both((a, b) => a >= b),
  series_sum: primitive(['dynamic'], 'double', (text) => {
    const series = seriesOf(text);
    return series === undefined ? undefined : series.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  }),
  series_product: primitive(['dynamic'], 'double', (text) =>
    seriesOf(text)?.reduce<number>((all, one) => all * (one ?? 1), 1),
  ),
  series_magnitude: primitive(['dynamic'], 'double', (text) => {
    const series = seriesOf(text);
    return series === undefined ? undefined : Math.sqrt(dot(series, series));
  }),
  series_dot_product: primitive(['dynamic', 'dynamic'], 'double', (a, b) => {
    const found = pairs(a, b);
    if (found !== undefined) return dot(...found);
    const [series, factor] = [
      seriesOf(a) ?? seriesOf(b),
      numberOf(parseJson(a) ?? null) ?? numberOf(parseJson(b) ?? null),
    ];
    return series === undefined || factor === null ? undefined : factor * total(series.map((one) => one ?? 0));
  }),
  series_cosine_similarity: primitive(['dynamic', 'dynamic'], 'double', (a, b) => {
    const found = pairs(a, b);
    return found === undefined
      ? undefined
      : dot(...found) / Math.sqrt(dot(found[0], found[0]) * dot(found[1], found[1]));
  }),
  series_pearson_correlation: primitive(['dynamic', 'dynamic'], 'double', (a, b) => {
    const found = pairs(a, b);
    if (found === undefined) return undefined;
    const [x, y] = found.map((one) => {
      const mean = total(one.map((value) => value ?? 0)) / one.length;
      return one.map((value) => (value ?? 0) - mean);
    });
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  }),
  series_fill_const: primitive(['dynamic', 'dynamic', 'dynamic'], 'dynamic', (text, constant, missing) =>
    fill(text, missing, (series, isMissing) =>
      series.map((one) => (isMissing(one) ? numberOf(parseJson(constant) ?? null) : one)),
    ),
  ),
  series_fill_forward: primitive(['dynamic', 'dynamic'], 'dynamic', (text, missing) => fill(text, missing, forward)),
  series_fill_backward: primitive(['dynamic', 'dynamic'], 'dynamic', (text, missing) =>
    fill(text, missing, (series, isMissing) => forward(series.toReversed(), isMissing).toReversed()),
  ),
  series_fill_linear: primitive(
    ['dynamic', 'dynamic', 'boolean', 'dynamic'],
    'dynamic',
    (text, missing, fillEdges, constant) => {
      const value = constant === null ? null : numberOf(parseJson(constant) ?? null);
      // An array of whole numbers stays one.
      const kept = (one: number | null): number | null =>
        one !== null && isWholeText(text) && value !== one ? Math.trunc(one) : one;
      return text === null || missing === null
        ? undefined
        : fill(text, missing, (series, isMissing) => linear(series, isMissing, fillEdges ?? true, value).map(kept));
    },
    undefined,
    { nulls: 'own' },
  ),
  series_stats: primitive(['dynamic'], 'dynamic', (text) => {
    const series = seriesOf(text);
    return series === undefined ? undefined : jsonText(statistics(series));
  }),
  series_fit_line: primitive(['dynamic'], 'dynamic', (text) => {
    const series = seriesOf(text);
    if (series === undefined || series.length === 0) return undefined;
    const fit = line(series);
    return jsonText(
      new Map<string, Json>([
        ['rsquare', fit.rsquare],
        ['slope', fit.slope],
        ['variance', fit.variance],
        ['rvariance', fit.rvariance],
        ['interception', fit.interception],
        ['line_fit', fit.line],
      ]),
    );
  }),
  series_fir: primitive(
    ['dynamic', 'dynamic', 'boolean', 'boolean'],
    'dynamic',
    (text, filter, normalizes, centers) => {
      const [series, weights] = [seriesOf(text), seriesOf(filter)];
      return series === undefined || weights === undefined
        ? undefined
        : seriesText(filtered(series, weights, normalizes, centers));
    },
  ),
  series_iir: primitive(['dynamic', 'dynamic', 'dynamic'], 'dynamic', (text, numerators, denominators) => {
    const [series, up, down] = [seriesOf(text), seriesOf(numerators), seriesOf(denominators)];
    return series === undefined || up === undefined || down === undefined
      ? undefined
      : seriesText(recursive(series, up, down));
  }),
  series_outliers: primitive(['dynamic', 'double', 'double'], 'dynamic', (text, low, high) => {
    const series = seriesOf(text);
    return series === undefined ? undefined : seriesText(outliers(series, low, high));
  }),
} as const;
