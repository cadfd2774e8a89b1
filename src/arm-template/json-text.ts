/** Compares values and writes them as JSON text. */
import { limits } from '../base/limits.ts';
import type { Meter } from './measure.ts';
import { measureOf, walkSteps } from './measure.ts';
import type { Value, ValueObject } from './value.ts';
import { TemplateProblem, Unresolved, isArray, isObject, newObject } from './value.ts';

/** @throws TemplateProblem if a part is unresolved or the text would be too long */
export function jsonText(value: Value, meter: Meter): string {
  meter.spend(walkSteps(value));
  const room = { left: limits.templateValueMax };
  return write(value, room);
}

function write(value: Value, room: { left: number }): string {
  const text = writeOne(value, room);
  room.left -= isArray(value) || isObject(value) ? 2 : text.length;
  if (room.left < 0) throw new TemplateProblem('the value is too large');
  return text;
}

function writeOne(value: Value, room: { left: number }): string {
  if (value instanceof Unresolved) throw new TemplateProblem(value.reason);
  if (isArray(value)) return `[${value.map((item) => write(item, room)).join(',')}]`;
  if (isObject(value)) {
    const parts = Object.keys(value).map((key) => `${JSON.stringify(key)}:${write(value[key], room)}`);
    return `{${parts.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Deep equality; the order of keys is ignored, casing is not. */
export function sameValue(a: Value, b: Value, meter: Meter): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    meter.spend(a.length === b.length ? a.length >>> 6 : 0);
    return a === b;
  }
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  return canonicalText(a, meter) === canonicalText(b, meter);
}

/** JSON text with the keys of objects sorted: equal for equal values. @throws TemplateProblem as `jsonText` */
export function canonicalText(value: Value, meter: Meter): string {
  meter.spend(measureOf(value).nodes);
  return jsonText(sortKeys(value, { left: limits.templateValueMax }), meter);
}

function sortKeys(value: Value, room: { left: number }): Value {
  if (--room.left < 0) throw new TemplateProblem('the value is too large');
  if (isArray(value)) return value.map((item) => sortKeys(item, room));
  if (!isObject(value)) return value;
  const sorted = newObject();
  for (const key of Object.keys(value).sort()) sorted[key] = sortKeys(value[key], room);
  return sorted;
}

/**
 * The keys of both objects; for keys in both, the value of `b`, or with `deep` the merged objects. Keys are compared
 * ignoring case.
 */
export function mergeObjects(a: ValueObject, b: ValueObject, deep: boolean, meter: Meter): ValueObject {
  meter.spend(1 + measureOf(a).entries + measureOf(b).entries);
  const merged = newObject();
  const spelling = new Map<string, string>();
  for (const source of [a, b]) {
    for (const key of Object.keys(source)) {
      const known = spelling.get(key.toLowerCase()) ?? key;
      spelling.set(key.toLowerCase(), known);
      const before = Object.hasOwn(merged, known) ? merged[known] : undefined;
      const after = source[key];
      merged[known] = deep && isObject(before) && isObject(after) ? mergeObjects(before, after, deep, meter) : after;
    }
  }
  return merged;
}
