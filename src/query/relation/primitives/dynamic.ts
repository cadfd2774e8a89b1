/** Primitives of dynamic values: arrays and bags, as the texts of JSON. */
import { limits } from '../../../base/limits.ts';
import { call, cast } from '../../sql/node.ts';
import type { SqlExpression } from '../../sql/node.ts';
import { equal, join, quoted, when } from '../../sql/sql.ts';
import type { PrimitiveOptions } from '../rule.ts';
import { primitive } from '../rule.ts';
import { datetimeText } from '../values/datetime.ts';
import { timespanText } from '../values/timespan.ts';
import type { Json } from '../values/json.ts';
import { isArray, isBag, isNumeric, jsonText, parseJson, visitMembers } from '../values/json.ts';

/** Values of texts of JSON, in which what is null in SQL is null. */
const values = (texts: readonly (string | null)[]): Json[] =>
  texts.map((text) => (text === null ? null : (parseJson(text) ?? null)));

const arrayOf = (text: string | null): readonly Json[] | undefined => {
  const value = text === null ? null : parseJson(text);
  return isArray(value) ? value : undefined;
};

const textOf = (value: Json | undefined): string | undefined =>
  value === undefined || value === null ? undefined : jsonText(value);

const own: PrimitiveOptions = { nulls: 'own' };
const ownRest: PrimitiveOptions = { nulls: 'own', rest: 'dynamic' };

/** Ticks from year 1 to 1970. */
const epochTicks = 621_355_968_000_000_000n;

/** Order of sorting: numbers by size, then texts; nulls are the caller's. */
function compareJson(a: Json, b: Json): number {
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  const ranks = [rankOf(a), rankOf(b)] as const;
  if (ranks[0] !== ranks[1]) return ranks[0] - ranks[1];
  const [left, right] = [a, b].map((one) => (typeof one === 'string' ? one : jsonText(one)));
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function rankOf(value: Json): number {
  if (typeof value === 'boolean') return 0;
  if (isNumeric(value)) return 1;
  return typeof value === 'string' ? 2 : 3;
}

/** What two elements have in common if they are the same; 1 and 1.0 are. */
const keyOfJson = (value: Json): string =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 53 ? String(value) : jsonText(value);

function distinct(items: readonly Json[]): Json[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = keyOfJson(item);
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

const sorted = (descending: boolean) => {
  return (nullsLast: boolean | null, ...texts: (string | null)[]): string | undefined => {
    const [first, ...others] = texts.map(arrayOf);
    if (first === undefined) return undefined;
    const order = first.map((_, i) => i);
    const isLast = nullsLast ?? true;
    order.sort((i, j) => {
      const [a, b] = [first[i], first[j]];
      if (a === null || b === null) return a === b ? i - j : (a === null) === isLast ? 1 : -1;
      return (descending ? compareJson(b, a) : compareJson(a, b)) || i - j;
    });
    const all = [first, ...others].map((one) => (one?.length === first.length ? order.map((i) => one[i]) : null));
    return jsonText(texts.length === 1 ? all[0] : all);
  };
};

/** Where a negative index counts from the end. */
const place = (index: bigint, length: number): number => (index < 0n ? length + Number(index) : Number(index));

function rotate(items: readonly Json[], by: number): Json[] {
  if (items.length === 0) return [];
  const start = ((by % items.length) + items.length) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function shifted(items: readonly Json[], by: number, filler: Json): Json[] {
  return items.map((_, i) => items[i + by] ?? (i + by >= 0 && i + by < items.length ? null : filler));
}

function paths(value: Json, at: string): string[] {
  if (isBag(value)) return [...value].flatMap(([key, one]) => [`${at}['${key}']`, ...paths(one, `${at}['${key}']`)]);
  // All elements stand for one: `[0]`.
  if (isArray(value) && value.length > 0)
    return [...new Set([`${at}[0]`, ...value.flatMap((one) => paths(one, `${at}[0]`))])];
  return [];
}

const nullJson = quoted('null');
const element = (of: SqlExpression): SqlExpression => call('coalesce', of, nullJson);

/** `json[…]` by a number or a text, whose kind DuckDB takes from its type. */
const member = (of: SqlExpression, key: SqlExpression): SqlExpression => {
  const found = call('json_extract', of, key);
  const text = cast(found, 'text');
  return when([equal(text, nullJson), { kind: 'null', type: 'text' }])(text);
};

export const dynamicPrimitives = {
  /** A member of a bag; null if there is none. */
  dynamic_member: primitive(
    ['dynamic', 'text'],
    'dynamic',
    (of, key) => {
      const value = parseJson(of);
      return isBag(value) ? textOf(value.get(key)) : undefined;
    },
    // A pointer, in which only `~` and `/` are escaped: a text without `$` or `/` in front would be taken as a path.
    (of, key) =>
      member(
        of,
        join(quoted('/'), call('replace', call('replace', key, quoted('~'), quoted('~0')), quoted('/'), quoted('~1'))),
      ),
  ),
  /** An element of an array, from 0; before 0 from the end. */
  dynamic_element: primitive(
    ['dynamic', 'long'],
    'dynamic',
    (of, index) => {
      const value = parseJson(of);
      return isArray(value) ? textOf(value[place(index, value.length)]) : undefined;
    },
    (of, index) => when([call('starts_with', of, quoted('[')), member(of, index)])(),
  ),
  array_length: primitive(
    ['dynamic'],
    'long',
    (of) => {
      const items = arrayOf(of);
      return items === undefined ? undefined : BigInt(items.length);
    },
    (of) => when([call('starts_with', of, quoted('[')), cast(call('json_array_length', of), 'long')])(),
  ),
  array_pack: primitive(
    [],
    'dynamic',
    (...items: never[]) => `[${items.map((one) => one ?? 'null').join(',')}]`,
    (...items) =>
      join(quoted('['), ...items.flatMap((one, i) => [...(i === 0 ? [] : [quoted(',')]), element(one)]), quoted(']')),
    ownRest,
  ),
  /** Names, which are JSON texts, and values in turn; of a name that occurs twice the last counts. */
  bag_pack: primitive(
    [],
    'dynamic',
    (...items: never[]) => {
      const all = values(items);
      const bag = new Map<string, Json>();
      for (let i = 0; i + 1 < all.length; i += 2) {
        const key = all[i];
        bag.set(typeof key === 'string' ? key : jsonText(key), all[i + 1]);
      }
      return jsonText(bag);
    },
    undefined,
    ownRest,
  ),
  array_concat: primitive(
    [],
    'dynamic',
    (...arrays: never[]) => {
      const all = arrays.map(arrayOf);
      return jsonText(all.flatMap((one) => one ?? []));
    },
    undefined,
    ownRest,
  ),
  array_slice: primitive(['dynamic', 'long', 'long'], 'dynamic', (of, start, end) => {
    const items = arrayOf(of);
    if (items === undefined) return undefined;
    const [from, to] = [Math.max(place(start, items.length), 0), place(end, items.length)];
    return jsonText(items.slice(from, Math.max(to + 1, 0)));
  }),
  array_split: primitive(['dynamic', 'dynamic'], 'dynamic', (of, indices) => {
    const items = arrayOf(of);
    const given = parseJson(indices);
    if (items === undefined || given === undefined) return undefined;
    const at = (isArray(given) ? given : [given])
      .filter((one) => typeof one === 'bigint')
      .map((one) => Math.max(place(one, items.length), 0));
    const bounds = [0, ...at, items.length];
    return jsonText(bounds.slice(1).map((end, i) => items.slice(bounds[i], end)));
  }),
  array_sort_asc: primitive(['boolean'], 'dynamic', sorted(false) as never, undefined, ownRest),
  array_sort_desc: primitive(['boolean'], 'dynamic', sorted(true) as never, undefined, ownRest),
  /** The place of the n-th element that is equal, from `start` on within `length` elements (-1: all); -1 if there is none. */
  array_index: primitive(
    ['dynamic', 'dynamic', 'long', 'long', 'long'],
    'long',
    (of, value, start, length, occurrence) => {
      const items = arrayOf(of);
      const wanted = parseJson(value);
      if (items === undefined || wanted === undefined) return undefined;
      const from = Math.max(place(start, items.length), 0);
      const to = length < 0n ? items.length : from + Number(length);
      let left = occurrence;
      for (let i = from; i < Math.min(to, items.length); i++) {
        if (keyOfJson(items[i]) === keyOfJson(wanted)) left -= 1n;
        if (left === 0n) return BigInt(i);
      }
      return -1n;
    },
  ),
  array_sum: primitive(['dynamic'], 'double', (of) => {
    const items = arrayOf(of);
    if (items === undefined || items.some((one) => one !== null && !isNumeric(one) && typeof one !== 'boolean'))
      return undefined;
    return items.reduce((sum: number, one) => sum + Number(one ?? 0), 0);
  }),
  array_reverse: primitive(['dynamic'], 'dynamic', (of) => textOf(arrayOf(of)?.toReversed())),
  array_rotate: primitive(['dynamic', 'long'], 'dynamic', (of, by) => {
    const items = arrayOf(of);
    return items === undefined ? undefined : jsonText(rotate(items, Number(by)));
  }),
  /** Elements move to the front by so many places; what becomes free has the last argument. */
  array_shift: primitive(
    ['dynamic', 'long', 'dynamic'],
    'dynamic',
    (of, by, filler) => {
      const items = of === null ? undefined : arrayOf(of);
      return items === undefined ? undefined : jsonText(shifted(items, Number(by), values([filler])[0]));
    },
    undefined,
    own,
  ),
  array_iff: primitive(
    ['dynamic', 'dynamic', 'dynamic'],
    'dynamic',
    (conditions, yes, no) => {
      const items = arrayOf(conditions);
      const sides = values([yes, no]);
      const at = (side: Json, i: number): Json => (isArray(side) ? (side[i] ?? null) : side);
      return textOf(
        items?.map((one, i) =>
          typeof one !== 'boolean' && !isNumeric(one)
            ? null
            : one === true || (isNumeric(one) && Number(one) !== 0)
              ? at(sides[0], i)
              : at(sides[1], i),
        ),
      );
    },
    undefined,
    own,
  ),
  array_join: primitive(['dynamic', 'text'], 'text', (of, delimiter) =>
    arrayOf(of)
      ?.map((one) => (one === null ? '' : typeof one === 'string' ? one : jsonText(one)))
      .join(delimiter),
  ),
  array_repeat: primitive(
    ['dynamic', 'long'],
    'dynamic',
    (of, count) => {
      const times = Math.min(Math.max(Number(count), 0), limits.kqlArrayItemsMax);
      return `[${Array.from({ length: times }, () => of ?? 'null').join(',')}]`;
    },
    undefined,
    own,
  ),
  /** Numbers from the first to the second, both included. */
  array_range: primitive(['dynamic', 'dynamic', 'dynamic'], 'dynamic', (from, to, step) => {
    const [first, last, by] = values([from, to, step]);
    if (!isNumeric(first) || !isNumeric(last) || !isNumeric(by) || Number(by) === 0) return undefined;
    const isWhole = typeof first === 'bigint' && typeof by === 'bigint';
    const items: Json[] = [];
    const goesOn = (value: bigint | number): boolean => (by > 0 ? value <= last : value >= last);
    for (let i = 0; items.length < limits.kqlArrayItemsMax; i++) {
      const value = isWhole ? first + BigInt(i) * by : Number(first) + i * Number(by);
      if (!goesOn(value)) break;
      items.push(value);
    }
    return jsonText(items);
  }),
  /** An array of ticks as one of texts of datetimes or timespans. */
  array_of_ticks: primitive(['dynamic', 'boolean'], 'dynamic', (of, areTimes) =>
    textOf(
      arrayOf(of)?.map((one) => {
        if (typeof one !== 'bigint') return null;
        return areTimes ? datetimeText((one - epochTicks) / 10n) : timespanText(one);
      }),
    ),
  ),
  array_zip: primitive(
    [],
    'dynamic',
    (...arrays: never[]) => {
      const all = arrays.map((one) => arrayOf(one) ?? []);
      const length = all.reduce((most, one) => Math.max(most, one.length), 0);
      return jsonText(Array.from({ length }, (_, i) => all.map((one) => one[i] ?? null)));
    },
    undefined,
    ownRest,
  ),
  array_distinct: primitive(['dynamic', 'long'], 'dynamic', (of, most) =>
    textOf(distinct(arrayOf(of) ?? []).slice(0, Number(most))),
  ),
  /** Of an array of values with their weights: the least value whose weight, with that of lesser ones, is a share of all, in hundred-thousandths. */
  weighted_quantile: primitive(['dynamic', 'long'], 'dynamic', (of, share) => {
    const pairs = (arrayOf(of) ?? []).filter(isArray).toSorted((a, b) => compareJson(a[0], b[0]));
    const all = pairs.reduce((sum, [, weight]) => sum + Number(weight), 0);
    let sum = 0;
    for (const [value, weight] of pairs) {
      sum += Number(weight);
      if (sum * 100_000 >= Number(share) * all) return textOf(value);
    }
    return undefined;
  }),
  /** The elements, and of elements that are arrays theirs. */
  array_flat: primitive(['dynamic'], 'dynamic', (of) =>
    textOf(arrayOf(of)?.flatMap((one) => (isArray(one) ? one : [one]))),
  ),
  set_union: primitive(
    [],
    'dynamic',
    (...arrays: never[]) => jsonText(distinct(arrays.flatMap((one) => arrayOf(one) ?? []))),
    undefined,
    ownRest,
  ),
  set_intersect: primitive(
    [],
    'dynamic',
    (...arrays: never[]) => {
      const [first, ...others] = arrays.map((one) => arrayOf(one) ?? []);
      const keys = others.map((one) => new Set(one.map(keyOfJson)));
      return jsonText(distinct(first).filter((item) => keys.every((one) => one.has(keyOfJson(item)))));
    },
    undefined,
    ownRest,
  ),
  set_difference: primitive(
    [],
    'dynamic',
    (...arrays: never[]) => {
      const [first, ...others] = arrays.map((one) => arrayOf(one) ?? []);
      const keys = new Set(others.flat().map(keyOfJson));
      return jsonText(distinct(first).filter((item) => !keys.has(keyOfJson(item))));
    },
    undefined,
    ownRest,
  ),
  set_has: primitive(['dynamic', 'dynamic'], 'boolean', (of, value) => {
    const wanted = parseJson(value);
    return arrayOf(of)?.some((one) => wanted !== undefined && keyOfJson(one) === keyOfJson(wanted));
  }),
  set_equals: primitive(['dynamic', 'dynamic'], 'boolean', (a, b) => {
    const [left, right] = [a, b].map((one) => new Set((arrayOf(one) ?? []).map(keyOfJson)));
    return left.size === right.size && [...left].every((one) => right.has(one));
  }),
  jaccard_index: primitive(['dynamic', 'dynamic'], 'double', (a, b) => {
    const [left, right] = [a, b].map((one) => new Set((arrayOf(one) ?? []).map(keyOfJson)));
    const common = [...left].filter((one) => right.has(one)).length;
    const all = left.size + right.size - common;
    return all === 0 ? NaN : common / all;
  }),
  bag_keys: primitive(['dynamic'], 'dynamic', (of) => {
    const bag = parseJson(of);
    return isBag(bag) ? jsonText([...bag.keys()]) : undefined;
  }),
  bag_values: primitive(['dynamic'], 'dynamic', (of) => {
    const bag = parseJson(of);
    return isBag(bag) ? jsonText([...bag.values()]) : undefined;
  }),
  bag_has_key: primitive(['dynamic', 'text'], 'boolean', (of, key) => {
    const bag = parseJson(of);
    if (isBag(bag) && bag.has(key)) return true;
    return pathOf(key).length > 1 ? at(bag, pathOf(key)) !== undefined : false;
  }),
  /** The first value of a name counts. */
  bag_merge: primitive(
    [],
    'dynamic',
    (...bags: never[]) => {
      const merged = new Map<string, Json>();
      for (const bag of values(bags))
        if (isBag(bag)) for (const [key, one] of bag) if (!merged.has(key)) merged.set(key, one);
      return jsonText(merged);
    },
    undefined,
    ownRest,
  ),
  /** The members of an array's bags; of a name the first value counts. */
  bag_merge_all: primitive(['dynamic', 'long'], 'dynamic', (of, most) => {
    const merged = new Map<string, string>();
    visitMembers(of, (name, value) => {
      if (merged.size < Number(most) && !merged.has(name)) merged.set(name, value);
    });
    return `{${Array.from(merged, ([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
  }),
  bag_remove_keys: primitive(['dynamic', 'dynamic'], 'dynamic', (of, keys) => {
    const bag = parseJson(of);
    const names = arrayOf(keys);
    if (!isBag(bag) || names === undefined) return undefined;
    return jsonText(
      names.reduce<Json>(
        (left, name) => (typeof name === 'string' ? without(left, bag.has(name) ? [name] : pathOf(name)) : left),
        bag,
      ),
    );
  }),
  bag_set_key: primitive(
    ['dynamic', 'text', 'dynamic'],
    'dynamic',
    (of, key, value) => {
      const bag = of === null ? new Map<string, Json>() : parseJson(of);
      return isBag(bag) && key !== null ? jsonText(withMember(bag, pathOf(key), values([value])[0])) : undefined;
    },
    undefined,
    own,
  ),
  bag_zip: primitive(['dynamic', 'dynamic'], 'dynamic', (keys, items) => {
    const names = arrayOf(keys);
    const all = arrayOf(items) ?? [];
    if (names === undefined) return undefined;
    return jsonText(
      new Map(names.flatMap((name, i) => (typeof name === 'string' ? [[name, all[i] ?? null] as const] : []))),
    );
  }),
  /** Without members that are null or the empty text. */
  bag_filled: primitive(['dynamic'], 'dynamic', (of) => {
    const bag = parseJson(of);
    return isBag(bag) ? jsonText(new Map([...bag].filter(([, one]) => one !== null && one !== ''))) : undefined;
  }),
  treepath: primitive(['dynamic'], 'dynamic', (of) => jsonText(paths(parseJson(of) ?? null, ''))),
  /** The text of JSON, in which the members of bags are in order of their names. */
  json_sorted: primitive(['dynamic'], 'text', (of) => {
    const value = parseJson(of);
    return value === undefined ? undefined : jsonText(inOrder(value));
  }),
  /** The value at a path of JSON, `$.a.b[0]['c d']`. */
  json_path: primitive(['dynamic', 'text'], 'dynamic', (of, path) => {
    const value = parseJson(of);
    return path.startsWith('$') ? textOf(at(value, pathOf(path))) : undefined;
  }),
} as const;

function inOrder(value: Json): Json {
  if (isArray(value)) return value.map(inOrder);
  if (!isBag(value)) return value;
  const entries = [...value].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return new Map(entries.map(([key, one]) => [key, inOrder(one)]));
}

/** The steps of a path: names, and numbers of elements. */
function pathOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]|([^.[\]$]+)/g)].map(
    ([, index, single, double, name]) => (index === undefined ? (single ?? double ?? name) : Number(index)),
  );
}

function at(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((of, step) => {
    if (typeof step === 'number') return isArray(of) ? of[step < 0 ? of.length + step : step] : undefined;
    return isBag(of) ? of.get(step) : undefined;
  }, value);
}

function without(value: Json, [step, ...rest]: readonly (string | number)[]): Json {
  if (!isBag(value) || typeof step !== 'string' || !value.has(step)) return value;
  const copy = new Map(value);
  if (rest.length === 0) copy.delete(step);
  else copy.set(step, without(value.get(step) ?? null, rest));
  return copy;
}

function withMember(value: Json, [step, ...rest]: readonly (string | number)[], leaf: Json): Json {
  if (typeof step !== 'string') return leaf;
  const copy = new Map(isBag(value) ? value : []);
  copy.set(step, rest.length === 0 ? leaf : withMember(copy.get(step) ?? null, rest, leaf));
  return copy;
}
