/**
 * Numbers, comparison and logic.
 * Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric, -comparison and -logical
 */
import type { Call, FunctionTable } from './call.ts';
import { boolean, define, integer, list, text, values, wrongArgument } from './call.ts';
import { sameValue } from './json-text.ts';
import { TemplateProblem, isArray } from './value.ts';

export const logicFunctions: FunctionTable = {
  add: define(2, 2, (call) => integer(call, 0) + integer(call, 1)),
  sub: define(2, 2, (call) => integer(call, 0) - integer(call, 1)),
  mul: define(2, 2, (call) => integer(call, 0) * integer(call, 1)),
  div: define(2, 2, (call) => Math.trunc(integer(call, 0) / divisor(call))),
  mod: define(2, 2, (call) => integer(call, 0) % divisor(call)),
  max: define(1, Infinity, (call) => integers(call).reduce((a, b) => Math.max(a, b))),
  min: define(1, Infinity, (call) => integers(call).reduce((a, b) => Math.min(a, b))),
  int: define(1, 1, (call) => {
    const value = call.value(0);
    if (typeof value === 'number') return Math.trunc(value);
    if (!/^\s*-?\d{1,15}\s*$/.test(text(call, 0))) throw wrongArgument(call, 0, 'the text of an integer');
    return Number(text(call, 0));
  }),
  float: define(1, 1, (call) => {
    const value = Number(call.value(0));
    if (!Number.isFinite(value)) throw wrongArgument(call, 0, 'the text of a number');
    return value;
  }),

  equals: define(2, 2, (call) => sameValue(call.value(0), call.value(1), call)),
  less: define(2, 2, (call) => compare(call) < 0),
  lessorequals: define(2, 2, (call) => compare(call) <= 0),
  greater: define(2, 2, (call) => compare(call) > 0),
  greaterorequals: define(2, 2, (call) => compare(call) >= 0),
  coalesce: define(1, Infinity, (call) => {
    for (let index = 0; index < call.count; index++) if (call.value(index) !== null) return call.value(index);
    return null;
  }),

  and: define(2, Infinity, (call) => indexes(call).every((index) => boolean(call, index))),
  or: define(2, Infinity, (call) => indexes(call).some((index) => boolean(call, index))),
  not: define(1, 1, (call) => !boolean(call, 0)),
  true: define(0, 0, () => true),
  false: define(0, 0, () => false),
  if: define(3, 3, (call) => (boolean(call, 0) ? call.value(1) : call.value(2))),
  bool: define(1, 1, (call) => {
    const value = call.value(0);
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') return value !== 0;
    const word = text(call, 0).toLowerCase();
    if (word === 'true' || word === '1') return true;
    if (word === 'false' || word === '0') return false;
    throw wrongArgument(call, 0, 'true or false');
  }),
};

function indexes(call: Call): number[] {
  return Array.from({ length: call.count }, (_, index) => index);
}

function divisor(call: Call): number {
  const value = integer(call, 1);
  if (value === 0) throw new TemplateProblem(`${call.name}() by zero`);
  return value;
}

function integers(call: Call): number[] {
  const numbers = call.count === 1 && isArray(call.value(0)) ? list(call, 0) : values(call);
  call.spend(numbers.length >>> 2);
  if (numbers.length === 0) throw new TemplateProblem(`${call.name}() needs at least one integer`);
  return numbers.map((value) => {
    if (typeof value !== 'number') throw new TemplateProblem(`${call.name}() needs integers`);
    return value;
  });
}

/** Numbers by value, texts by character, upper case first. */
function compare(call: Call): number {
  const a = call.value(0);
  const b = call.value(1);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw wrongArgument(call, 1, 'a number or string like the first');
}
