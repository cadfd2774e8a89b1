import fc from 'fast-check';
import { expect, test } from 'vitest';
import { madeStart as start, madeTuple as tuple } from './made-tuples.ts';
import type { PlainNet } from './plain-reduction.ts';
import { plainNetAnalytics } from './plain-reduction.ts';
import { byText, rowsOfTable } from './table-rows.ts';

const runs = process.env['NSGFLOW_LONG'] === '1' ? 100 : 4;
const times = ['TimeGenerated', 'FlowIntervalStartTime', 'FlowIntervalEndTime', 'FlowStartTime', 'FlowEndTime'];

/** As cells. */
function shown(row: PlainNet): PlainNet {
  const text = (millis: string | number | null): string => new Date(Number(millis)).toISOString();
  return { ...row, ...Object.fromEntries(times.map((name) => [name, text(row[name])])) };
}

test('the reduction is that of the reference implementation, for every interval, packed and not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(tuple, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(60, 10, 1),
      fc.boolean(),
      fc.constantFrom(undefined, 30, 45),
      async (tuples, intervalMinutes, isPacked, fromMinute) => {
        const range = fromMinute === undefined ? {} : { start: start + fromMinute * 60_000 };
        const expected = plainNetAnalytics(tuples, { intervalMinutes, isPacked })
          .filter((row) => Number(row['TimeGenerated']) >= (range.start ?? -Infinity))
          .map(shown);
        const columns = Object.keys(plainNetAnalytics(tuples, { intervalMinutes, isPacked })[0]);
        const settings = [`interval=${intervalMinutes}`, `publicAddresses=${isPacked ? 'packed' : 'rows'}`];
        const { interpreted, asked } = await rowsOfTable(tuples, columns, { settings, range });
        const filled = (rows: typeof asked): object[] =>
          rows.map((row) => ({
            ...row,
            SrcPublicIps: row['SrcPublicIps'] ?? '',
            DestPublicIps: row['DestPublicIps'] ?? '',
          }));
        expect(byText(filled(interpreted))).toEqual(byText(expected));
        expect(byText(filled(asked))).toEqual(byText(expected));
      },
    ),
    { seed: 17, numRuns: runs },
  );
}, 600_000);
