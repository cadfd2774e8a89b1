import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowBuilder } from '../../../src/lake/flows/flow-builder.ts';
import { StagedFlows } from '../../../src/lake/flows/staged-flows.ts';
import { StageTables } from '../../../src/lake/tuples/staged-rows.ts';
import { groupBy } from '../../../src/base/group-by.ts';
import type { PlainRow } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { alikeTuples, plainTuples } from './plain-tuples.ts';
import { inOrder, stagePlain, valuesOfPlain, valuesOfStaged, wrongNumbers } from './stage-plain.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const dayMillis = 86_400_000;

/** Builds the flows of one date, its tuples coming in parts: `bounds` cut them by time. */
function build(tuples: readonly PlainRow[], bounds: readonly number[]): StagedFlows {
  const tables = new StageTables();
  const flows = new StagedFlows(tables);
  const dateStart = Math.floor(Number(tuples[0]['time']) / dayMillis) * dayMillis;
  const builder = new FlowBuilder(tables, tuples.length, dateStart, () => flows);
  let rest = [...tuples];
  for (const bound of [...bounds.map((one) => dateStart + one).sort((a, b) => a - b), Infinity]) {
    // What lies behind the bound may be there already.
    const early = rest.filter((row, i) => Number(row['time']) < bound || i % 3 === 0);
    rest = rest.filter((row) => !early.includes(row));
    builder.append(stagePlain(early, tables));
    for (const _ of builder.build(bound));
  }
  expect(builder.count).toBe(0);
  // The next run finds memory with the numbers of this one.
  builder.release();
  expect(wrongNumbers(flows)).toEqual([]);
  return flows;
}

test('flows are those of the reference implementation, however the tuples of a date come in parts', () => {
  fc.assert(
    fc.property(plainTuples, fc.array(fc.nat(dayMillis), { maxLength: 4 }), (tuples, bounds) => {
      const dates = [...groupBy(tuples, (row) => Math.floor(Number(row['time']) / dayMillis)).values()];
      const built = dates.flatMap((some) => valuesOfStaged(build(some, bounds)));
      expect(inOrder(built)).toEqual(inOrder(plainFlows(tuples).map(valuesOfPlain)));
    }),
    { numRuns: long ? 1000 : 16 },
  );
});

test('flows of tuples that hardly differ are those of the reference implementation, in whatever places, with room that grows and groups that are renumbered', () => {
  fc.assert(
    fc.property(
      alikeTuples,
      fc.array(fc.nat(dayMillis), { maxLength: 3 }),
      fc.constantFrom(1, 4),
      (tuples, cuts, parts) => {
        const tables = new StageTables();
        const dateStart = Math.floor(Number(tuples[0]['time']) / dayMillis) * dayMillis;
        const bounds = [...cuts.map((one) => dateStart + one).sort((a, b) => a - b), Infinity];
        let flows: StagedFlows[] = [];
        let placed = 0;
        const place = (): StagedFlows => (flows[placed++ % 3] ??= new StagedFlows(tables));
        const builder = new FlowBuilder(tables, 1, dateStart, place);
        const built = Array.from({ length: parts }).flatMap((_, part) => {
          let rest = [...tuples];
          return bounds.flatMap((bound) => {
            const early = rest.filter((row, i) => Number(row['time']) < bound || i % 3 === 0);
            rest = rest.filter((row) => !early.includes(row));
            builder.append(stagePlain(early, tables), { parts, part });
            for (const _ of builder.build(bound));
            expect(flows.flatMap(wrongNumbers)).toEqual([]);
            const values = flows.flatMap(valuesOfStaged);
            flows = [];
            placed = 0;
            builder.renumber();
            return values;
          });
        });
        builder.release();
        expect(inOrder(built)).toEqual(inOrder(plainFlows(tuples).map(valuesOfPlain)));
      },
    ),
    { numRuns: long ? 500 : 5 },
  );
});
