/** Questions over made-up tables: those of query/arbitrary.ts, with times around their midnight. */
import fc from 'fast-check';
import type { Condition, Query, QueryRange } from '../../../src/query/tree.ts';
import { query } from '../arbitrary.ts';
import { dayMillis, firstDate } from './arbitrary-flows.ts';

const midnight = firstDate + dayMillis;

const time = fc.oneof(
  fc.integer({ min: -900_000, max: 1_200_000 }).map((after) => midnight + after),
  fc.integer({ min: -60, max: 120 }).map((after) => midnight + 10_000 * after),
);

const range: fc.Arbitrary<QueryRange> = fc
  .record({ start: time, end: time }, { requiredKeys: [] })
  .map(({ start, end }) => ({
    ...(start === undefined ? {} : { start: end === undefined ? start : Math.min(start, end) }),
    ...(end === undefined ? {} : { end: start === undefined ? end : Math.max(start, end) }),
  }));

/** Tests that hold of some observers of a conversation and not of others, more often than any condition does. */
const ofObservers: fc.Arbitrary<Condition> = fc
  .tuple(
    fc.constantFrom<readonly [string, ...string[]]>(
      ['rule', 'AllowHttp', 'allowssh', 'DenyAllInBound'],
      ['direction', 'inbound', 'outbound'],
      ['format', 'nsg1', 'vnet'],
      ['state', 'end', 'denied', 'begin'],
      ['nsg', 'web-nsg'],
    ),
    fc.nat(2),
    fc.boolean(),
  )
  .map(([[field, ...values], i, not]): Condition => {
    const item: Condition = { kind: 'test', field, any: [{ kind: 'text', value: values[i % values.length] }] };
    return not ? { kind: 'not', item } : item;
  });

const where = fc.tuple(query, fc.option(ofObservers, { nil: undefined })).map(([{ where: any }, observers]) => {
  if (any === undefined || observers === undefined) return any ?? observers;
  return { kind: 'and', items: [any, observers] } satisfies Condition;
});

export const question: fc.Arbitrary<Query> = fc
  .tuple(query, range, fc.option(fc.oneof(where, ofObservers), { nil: undefined }))
  .map(([{ where: _where, range: _range, ...asked }, within, condition]) => ({
    ...asked,
    range: within,
    ...(condition === undefined ? {} : { where: condition }),
    ...('bucketMillis' in asked && asked.bucketMillis !== undefined
      ? { bucketMillis: asked.bucketMillis === 1000 ? 20_000 : asked.bucketMillis }
      : {}),
  }));
