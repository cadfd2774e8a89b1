/**
 * Functions for arrays, objects, and for collections and texts. Source:
 * learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array, -object and -lambda
 */
import type { Call, FunctionTable } from './call.ts';
import { bounded, define, integer, list, object, plainText, searched, text, values, wrongArgument } from './call.ts';
import { canonicalText, mergeObjects, sameValue } from './json-text.ts';
import type { Meter } from './measure.ts';
import { measureOf } from './measure.ts';
import type { Value, ValueObject } from './value.ts';
import { TemplateProblem, getProperty, isArray, isObject, newObject } from './value.ts';

export const collectionFunctions: FunctionTable = {
  array: define(1, 1, (call) => (isArray(call.value(0)) ? call.value(0) : [call.value(0)])),
  concat: define(0, Infinity, (call) => {
    if (call.count > 0 && isArray(call.value(0)))
      return bounded(
        call,
        values(call).map((_, index) => list(call, index)),
      ).flat();
    return bounded(
      call,
      values(call).map((_, index) => plainText(call, index)),
    ).join('');
  }),
  contains: define(2, 2, (call) => {
    const container = call.value(0);
    if (isArray(container)) return positionOf(call, container) >= 0;
    if (isObject(container)) return memberOf(container, plainText(call, 1), call) !== undefined;
    if (container === null) return false;
    const sought = plainText(call, 1).toLowerCase();
    return searched(call, text(call, 0), sought).toLowerCase().includes(sought);
  }),
  createarray: define(0, Infinity, (call) => values(call)),
  createobject: define(0, Infinity, (call) => {
    if (call.count % 2 === 1) throw new TemplateProblem('createObject() needs pairs of keys and values');
    const made = newObject();
    for (let index = 0; index < call.count; index += 2) made[text(call, index)] = call.value(index + 1);
    return made;
  }),
  empty: define(1, 1, (call) => {
    const value = call.value(0);
    return value === null || lengthOf(call) === 0;
  }),
  first: define(1, 1, (call) => elementAt(call, 0)),
  flatten: define(1, 1, (call) =>
    bounded(
      call,
      list(call, 0).map((item) => (isArray(item) ? item : [item])),
    ).flat(),
  ),
  indexof: define(2, 2, (call) => {
    const whole = call.value(0);
    if (isArray(whole)) return positionOf(call, whole);
    return searched(call, text(call, 0), text(call, 1)).toLowerCase().indexOf(text(call, 1).toLowerCase());
  }),
  intersection: define(2, Infinity, (call) =>
    values(call, 1).reduce<Value>((kept, _, index) => intersect(call, kept, index + 1), call.value(0)),
  ),
  items: define(1, 1, (call) => {
    const source = object(call, 0);
    return Object.keys(source)
      .sort()
      .map((key) => pair('key', key, 'value', source[key]));
  }),
  last: define(1, 1, (call) => elementAt(call, -1)),
  lastindexof: define(2, 2, (call) => {
    const whole = call.value(0);
    if (isArray(whole)) return positionOf(call, whole, true);
    return searched(call, text(call, 0), text(call, 1)).toLowerCase().lastIndexOf(text(call, 1).toLowerCase());
  }),
  length: define(1, 1, lengthOf),
  null: define(0, 0, () => null),
  objectkeys: define(1, 1, (call) => Object.keys(object(call, 0))),
  range: define(2, 2, (call) => {
    const start = integer(call, 0);
    const count = integer(call, 1);
    if (count < 0 || count > 10_000) throw wrongArgument(call, 1, 'between 0 and 10000');
    return Array.from({ length: count }, (_, index) => start + index);
  }),
  shallowmerge: define(1, 1, (call) =>
    list(call, 0).reduce<ValueObject>((merged, item) => {
      if (!isObject(item)) throw wrongArgument(call, 0, 'an array of objects');
      return mergeObjects(merged, item, false, call);
    }, newObject()),
  ),
  skip: define(2, 2, (call) => slice(call, Math.max(0, integer(call, 1)), undefined)),
  take: define(2, 2, (call) => slice(call, 0, Math.max(0, integer(call, 1)))),
  tryget: define(2, Infinity, (call) => {
    let value = call.value(0);
    for (let index = 1; index < call.count; index++) {
      const found = memberOf(value, call.value(index), call);
      if (found === undefined) return null;
      value = found;
    }
    return value;
  }),
  union: define(2, Infinity, (call) =>
    values(call, 1).reduce<Value>((joined, _, index) => unite(call, joined, index + 1), call.value(0)),
  ),

  filter: define(2, 2, (call) => list(call, 0).filter((item, index) => isTrue(call, call.lambda(1)([item, index])))),
  groupby: define(2, 2, (call) => {
    const groups = new Map<string, Value[]>();
    for (const item of list(call, 0)) {
      const key = keyOf(call, call.lambda(1)([item]));
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
    const made = newObject();
    for (const [key, group] of groups) made[key] = group;
    return made;
  }),
  map: define(2, 2, (call) => list(call, 0).map((item, index) => call.lambda(1)([item, index]))),
  mapvalues: define(2, 2, (call) => {
    const source = object(call, 0);
    const made = newObject();
    for (const key of Object.keys(source)) made[key] = call.lambda(1)([source[key]]);
    return made;
  }),
  reduce: define(3, 3, (call) =>
    list(call, 0).reduce<Value>((sum, item, index) => call.lambda(2)([sum, item, index]), call.value(1)),
  ),
  sort: define(2, 2, (call) => [...list(call, 0)].sort((a, b) => (isTrue(call, call.lambda(1)([a, b])) ? -1 : 1))),
  toobject: define(2, 3, (call) => {
    const made = newObject();
    for (const item of list(call, 0))
      made[keyOf(call, call.lambda(1)([item]))] = call.count > 2 ? call.lambda(2)([item]) : item;
    return made;
  }),
  lambdavariables: define(1, 1, (call) => call.lambdaVariable(text(call, 0))),
};

/** A property or an element; `undefined` if there is none. */
export function memberOf(value: Value, key: Value, meter: Meter): Value | undefined {
  if (isArray(value)) return typeof key === 'number' && key >= 0 ? value[key] : undefined;
  if (!isObject(value) || typeof key !== 'string') return undefined;
  if (!Object.hasOwn(value, key)) meter.spend(measureOf(value).entries >>> 2);
  return getProperty(value, key);
}

/** Index of argument 1 in a list; -1 if it is not there. */
function positionOf(call: Call, whole: readonly Value[], fromEnd = false): number {
  const sought = call.value(1);
  const isIt = (item: Value): boolean => sameValue(item, sought, call);
  call.spend(whole.length >>> 2);
  return fromEnd ? whole.findLastIndex(isIt) : whole.findIndex(isIt);
}

function pair(firstKey: string, first: Value, secondKey: string, second: Value): ValueObject {
  const made = newObject();
  made[firstKey] = first;
  made[secondKey] = second;
  return made;
}

function isTrue(call: Call, value: Value): boolean {
  if (typeof value !== 'boolean')
    throw new TemplateProblem(`the lambda of ${call.name}() does not return true or false`);
  return value;
}

function keyOf(call: Call, value: Value): string {
  if (typeof value !== 'string') throw new TemplateProblem(`the lambda of ${call.name}() does not return a string`);
  return value;
}

function lengthOf(call: Call): number {
  const value = call.value(0);
  if (isArray(value) || typeof value === 'string') return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw wrongArgument(call, 0, 'an array, a string or an object');
}

function elementAt(call: Call, index: number): Value {
  const value = call.value(0);
  if (isArray(value)) return value.at(index) ?? null;
  return text(call, 0).at(index) ?? '';
}

function slice(call: Call, start: number, end: number | undefined): Value {
  const value = call.value(0);
  return isArray(value) ? value.slice(start, end) : text(call, 0).slice(start, end);
}

function unite(call: Call, joined: Value, index: number): Value {
  const next = call.value(index);
  if (isObject(joined) && isObject(next)) return mergeObjects(joined, next, true, call);
  if (isArray(joined) && isArray(next)) {
    const distinct = new Map<string, Value>();
    for (const item of [...joined, ...next]) {
      const key = canonicalText(item, call);
      if (!distinct.has(key)) distinct.set(key, item);
    }
    return [...distinct.values()];
  }
  throw wrongArgument(call, index, 'an array or object like the first');
}

function intersect(call: Call, kept: Value, index: number): Value {
  const next = call.value(index);
  if (isArray(kept) && isArray(next)) {
    const others = new Set(next.map((item) => canonicalText(item, call)));
    return kept.filter((item) => others.has(canonicalText(item, call)));
  }
  if (isObject(kept) && isObject(next)) {
    const common = newObject();
    for (const key of Object.keys(kept)) {
      const other = memberOf(next, key, call);
      if (other !== undefined && sameValue(kept[key], other, call)) common[key] = kept[key];
    }
    return common;
  }
  throw wrongArgument(call, index, 'an array or object like the first');
}
