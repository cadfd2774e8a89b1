/**
 * The size of a value. Values share their parts, so a few steps can create a value that is endless as JSON text. Each
 * array and object is measured once; a shared part counts each time, as in its JSON text.
 */
import type { Value } from './value.ts';
import { isArray, isObject } from './value.ts';

export interface Measure {
  /** Characters of the JSON text, without escapes. */
  readonly chars: number;
  /** Number of values, including itself. */
  readonly nodes: number;
  /** Nesting depth of arrays and objects. */
  readonly depth: number;
  /** Its own elements or properties; a long name counts as several. */
  readonly entries: number;
}

/** Counts steps. */
export interface Meter {
  /** @throws network-invalid if no steps are left */
  spend(steps: number): void;
}

/** Stored in the value itself: garbage collection of a WeakMap with a million entries takes minutes. */
const key = Symbol('measure');

function knownOf(value: object): Measure | undefined {
  return (value as { [key]?: Measure })[key];
}

/** Whether a value was measured before. */
export function isMeasured(value: object): boolean {
  return knownOf(value) !== undefined;
}

/** Measures a value, which must not change afterwards. Cost: a walk over the parts that were not measured before. */
export function measureOf(value: Value): Measure {
  if (typeof value !== 'object' || value === null) return leaf(value);
  const before = knownOf(value);
  if (before !== undefined) return before;
  let chars = 2;
  let nodes = 1;
  let depth = 0;
  let entries = 0;
  const add = (part: Value, keyLength: number): void => {
    const own = typeof part === 'object' && part !== null ? measureOf(part) : leaf(part);
    chars += own.chars + keyLength + 1;
    nodes += own.nodes;
    depth = Math.max(depth, own.depth);
    entries += 1 + (keyLength >>> 4);
  };
  if (isArray(value)) for (const item of value) add(item, 0);
  else if (isObject(value)) for (const key of Object.keys(value)) add(value[key], key.length + 3);
  const measure = { chars, nodes, depth: depth + 1, entries };
  Object.defineProperty(value, key, { value: measure });
  return measure;
}

function leaf(value: Value): Measure {
  const chars = typeof value === 'string' ? value.length + 2 : typeof value === 'number' ? String(value).length : 5;
  return { chars, nodes: 1, depth: 0, entries: 0 };
}

/** Steps to read each character, element or property of a value once: the cost of a function for an argument. */
export function lookSteps(value: Value): number {
  if (typeof value === 'string') return value.length >>> 6;
  if (isArray(value)) return measureOf(value).entries >>> 6;
  return isObject(value) ? measureOf(value).entries >>> 3 : 0;
}

/** Steps to walk over a whole value. */
export function walkSteps(value: Value): number {
  const { chars, nodes } = measureOf(value);
  return 1 + Math.floor(nodes / 4) + Math.floor(chars / 64);
}
