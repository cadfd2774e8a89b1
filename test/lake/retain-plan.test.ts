import { describe, expect, test } from 'vitest';
import type { AddAction } from '../../src/lake/delta/delta-log.ts';
import { planRetention } from '../../src/lake/retain-plan.ts';

const dates = ['2026-11-10', '2026-11-11', '2026-11-12', '2026-11-13', '2026-11-14'];
/** Noon of the last date; those before the 12th ended two days ago or longer. */
const now = Date.parse('2026-11-14T12:00:00Z');

function adds(bytes: readonly number[]): AddAction[] {
  return bytes.flatMap((size, i) =>
    size === 0
      ? []
      : [{ path: `p${i}`, partitionValues: { date: dates[i] }, size, modificationTime: 0, dataChange: true }],
  );
}

const lake = { tuples: adds([10, 20, 30, 40, 50]), flows: adds([1, 2, 3, 4, 5]), frozen: '' };

describe('by days', () => {
  test('a date goes once it ended so many days ago', () => {
    const both = (days: number): unknown => planRetention(lake, { tuplesDays: days, conversationsDays: days }, now);
    expect(both(3)).toEqual({
      tuplesBefore: '2026-11-11',
      conversationsBefore: '2026-11-11',
      waiting: [],
      bytes: 165 - 11,
    });
    expect(both(5)).toMatchObject({ tuplesBefore: '', conversationsBefore: '', bytes: 165 });
    expect(
      planRetention(lake, { tuplesDays: 3, conversationsDays: 3 }, Date.parse('2026-11-15T00:00:00Z')),
    ).toMatchObject({ tuplesBefore: '2026-11-12' });
    expect(
      planRetention(lake, { tuplesDays: 3, conversationsDays: 3 }, Date.parse('2026-11-14T23:59:59.999Z')),
    ).toMatchObject({ tuplesBefore: '2026-11-11' });
  });

  test('two days after its end at the earliest; those that must wait are named', () => {
    expect(planRetention(lake, { tuplesDays: 1, conversationsDays: 1 }, now)).toEqual({
      tuplesBefore: '2026-11-12',
      conversationsBefore: '2026-11-12',
      waiting: ['2026-11-12'],
      bytes: 165 - 33,
    });
  });

  test('tuples alone, then conversations of dates without tuples', () => {
    expect(planRetention(lake, { tuplesDays: 2 }, now)).toMatchObject({
      tuplesBefore: '2026-11-12',
      conversationsBefore: '',
      bytes: 165 - 30,
    });
    const frozen = { ...lake, tuples: adds([0, 0, 30, 40, 50]), frozen: '2026-11-12' };
    expect(planRetention(frozen, { conversationsDays: 3 }, now)).toMatchObject({
      tuplesBefore: '2026-11-12',
      conversationsBefore: '2026-11-11',
    });
    expect(planRetention(lake, { tuplesDays: 2, conversationsDays: 3 }, now)).toMatchObject({
      tuplesBefore: '2026-11-12',
      conversationsBefore: '2026-11-11',
    });
  });

  test('conversations are never kept shorter than tuples', () => {
    const refusal = expect.objectContaining({ code: 'usage', exitCode: 2 }) as Error;
    expect(() => planRetention(lake, { tuplesDays: 4, conversationsDays: 3 }, now)).toThrow(refusal);
    expect(() => planRetention(lake, { conversationsDays: 3 }, now)).toThrow(refusal);
    expect(planRetention(lake, { conversationsDays: 5 }, now)).toMatchObject({ tuplesBefore: '', bytes: 165 });
  });

  test('frozen dates lose what came late, whatever the rules; nothing is frozen of which there is nothing', () => {
    const late = { ...lake, frozen: '2026-11-12' };
    expect(planRetention(late, { tuplesDays: 100 }, now)).toMatchObject({ tuplesBefore: '2026-11-12' });
    const empty = { tuples: adds([0, 0, 0, 40, 50]), flows: [], frozen: '' };
    expect(planRetention(empty, { tuplesDays: 2, conversationsDays: 2 }, now)).toMatchObject({
      tuplesBefore: '',
      conversationsBefore: '',
    });
    expect(planRetention({ tuples: [], flows: [], frozen: '' }, { budgetBytes: 0 }, now)).toEqual({
      tuplesBefore: '',
      conversationsBefore: '',
      waiting: [],
      bytes: 0,
    });
  });
});

describe('by budget', () => {
  // Tuples of the 10th and 11th may go (10, 20), then their conversations (1, 2).
  test.each([
    [165, '', '', 165],
    [164, '2026-11-11', '', 155],
    [155, '2026-11-11', '', 155],
    [154, '2026-11-12', '', 135],
    [135, '2026-11-12', '', 135],
    [134, '2026-11-12', '2026-11-11', 134],
    [133, '2026-11-12', '2026-11-12', 132],
    [132, '2026-11-12', '2026-11-12', 132],
    [131, '2026-11-12', '2026-11-12', 132],
    [0, '2026-11-12', '2026-11-12', 132],
  ])('%i bytes', (budgetBytes, tuplesBefore, conversationsBefore, bytes) => {
    expect(planRetention(lake, { budgetBytes }, now)).toMatchObject({ tuplesBefore, conversationsBefore, bytes });
  });

  test('the dates that must wait are named where the rest exceeds it; today is not among them', () => {
    expect(planRetention(lake, { budgetBytes: 131 }, now).waiting).toEqual(['2026-11-12', '2026-11-13']);
    expect(planRetention(lake, { budgetBytes: 132 }, now).waiting).toEqual([]);
  });

  test('goes with days: what these remove counts', () => {
    expect(planRetention(lake, { tuplesDays: 3, budgetBytes: 155 }, now)).toMatchObject({
      tuplesBefore: '2026-11-11',
      conversationsBefore: '',
    });
  });

  test('dates between which there are none, and files without a date, which count and stay', () => {
    const odd = { path: 'x', partitionValues: { date: null }, size: 1000, modificationTime: 0, dataChange: true };
    const some = { tuples: [...adds([10, 0, 0, 40, 0]), odd], flows: adds([1, 2, 0, 0, 0]), frozen: '2026-11-10' };
    expect(planRetention(some, { budgetBytes: 1000 }, now)).toMatchObject({
      tuplesBefore: '2026-11-11',
      conversationsBefore: '2026-11-11',
      bytes: 1042,
    });
  });
});
