/** Both tables after any order of ingesting, settling, compacting, rewriting, late tuples and retention are those of a model in plain words. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { compact } from '../../src/lake/compact.ts';
import { settle } from '../../src/lake/flows/settle.ts';
import { openLake } from '../../src/lake/lake.ts';
import { retainRows } from '../../src/lake/retain-rows.ts';
import { vacuum } from '../../src/lake/vacuum.ts';
import type { PlainRecord } from './build-flow-log.ts';
import type { PlainRow } from './plain-rows.ts';
import { plainRows } from './plain-rows.ts';
import { plainFlows } from './flows/plain-flows.ts';
import { plainRecordsOfFewConnections } from './flows/plain-tuples.ts';
import { ingestBlob, readTuples, seenFlows, storedFlows } from './flows/settled-lake.ts';
import type { FlowValues } from './flows/stage-plain.ts';
import { inOrder, valuesOfPlain } from './flows/stage-plain.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
/** Made-up tuples lie around this midnight: of two dates. */
const midnight = Date.parse('2023-11-15T00:00:00Z');

const dateOf = (row: { readonly [name: string]: unknown }): number =>
  Math.floor(Number(row['time']) / dayMillis) * dayMillis;
const placeOf = (row: PlainRow): number => Number(row['record_offset']) * 1e6 + Number(row['tuple_index']);
const flowsOf = (rows: readonly PlainRow[]): FlowValues[] => plainFlows(rows).map(valuesOfPlain);

/** What a lake should hold. */
class Model {
  tuples: PlainRow[] = [];
  /** Of frozen dates, what came late and is not settled. */
  late: PlainRow[] = [];
  /** Rows of frozen dates. */
  settled: FlowValues[] = [];
  apart = 0;
  frozenBefore = -Infinity;

  add(rows: readonly PlainRow[]): void {
    this.tuples.push(...rows);
    this.late.push(...rows.filter((row) => dateOf(row) < this.frozenBefore));
  }

  /** @returns tuples that are refused */
  replace(blob: string, rows: readonly PlainRow[]): number {
    const isFrozen = (row: PlainRow): boolean => dateOf(row) < this.frozenBefore;
    const old = this.tuples.filter((row) => row['blob'] === blob && isFrozen(row));
    this.tuples = this.tuples.filter((row) => row['blob'] !== blob || isFrozen(row));
    this.add(rows.filter((row) => !isFrozen(row)));
    const frozen = rows.filter(isFrozen);
    const isOld = (row: PlainRow): boolean => old.some((one) => JSON.stringify(one) === JSON.stringify(row));
    const end = Math.max(-1, ...old.map(placeOf));
    const before = frozen.filter((row) => placeOf(row) <= end);
    if (old.length > 0 && before.length === old.length && before.every(isOld)) {
      this.add(frozen.filter((row) => placeOf(row) > end));
      return 0;
    }
    return frozen.filter((row) => !isOld(row)).length;
  }

  settle(): void {
    this.settled.push(...flowsOf(this.late));
    this.apart += this.late.length;
    this.late = [];
  }

  /** Dates before these go; `conversations` -Infinity keeps all. */
  retain(tuples: number, conversations: number): void {
    this.settle();
    const going = this.tuples.filter((row) => dateOf(row) < Math.max(tuples, this.frozenBefore));
    this.settled.push(...flowsOf(going.filter((row) => dateOf(row) >= this.frozenBefore)));
    if (going.some((row) => dateOf(row) >= this.frozenBefore)) this.frozenBefore = tuples;
    this.tuples = this.tuples.filter((row) => !going.includes(row));
    this.settled = this.settled.filter((row) => dateOf(row) >= conversations);
  }

  /** What a question sees. */
  get flows(): FlowValues[] {
    const rest = this.tuples.filter((row) => dateOf(row) >= this.frozenBefore);
    return inOrder([...this.settled, ...flowsOf(rest), ...flowsOf(this.late)]);
  }
}

const sorted = (rows: readonly PlainRow[]): string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();

const what = fc.constantFrom(
  ...(['settle', 'settle', 'ask', 'compact', 'go on', 'go on', 'vacuum'] as const),
  ...(['retain tuples', 'retain both', 'retain tuples', 'retain more'] as const),
);
const how = fc.constantFrom('new', 'new', 'rewritten', 'grown');

test('tuples and flows are those of a model, whatever comes late, is rewritten, frozen and removed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(plainRecordsOfFewConnections, how, what), { minLength: 2, maxLength: 9 }),
      async (steps) => {
        const folder = await mkdtemp(join(tmpdir(), 'nsgflow-retain-'));
        const lake = await openLake(join(folder, 'lake'), { create: true });
        const model = new Model();
        const blobs = new Map<string, readonly PlainRecord[]>();
        const retain = async (days: number, tuplesDays: number, conversationsDays?: number): Promise<void> => {
          const nowMillis = midnight + days * dayMillis + 1;
          await retainRows(lake, { nowMillis, tuplesDays, conversationsDays, dryRun: false });
          const first = (some: number): number => midnight + (days - Math.max(2, some)) * dayMillis;
          model.retain(first(tuplesDays), conversationsDays === undefined ? -Infinity : first(conversationsDays));
          expect(sorted(await readTuples(lake))).toEqual(sorted(model.tuples));
          expect(await storedFlows(lake)).toEqual(model.flows);
        };
        try {
          for (const [i, [records, comes, then]] of steps.entries()) {
            const [name] = [...blobs.keys()];
            if (comes === 'new' || name === undefined) {
              blobs.set(`c/${i}/PT1H.json`, records);
              await ingestBlob(lake, `c/${i}/PT1H.json`, records);
              model.add(plainRows(records, `c/${i}/PT1H.json`));
            } else {
              const old = blobs.get(name)!;
              const behind = records.map((one) => ({ ...one, startByte: 1000 * old.length + (one.startByte ?? 0) }));
              const next = comes === 'grown' ? [...old, ...behind] : records;
              blobs.set(name, next);
              await ingestBlob(lake, name, next, true);
              model.replace(name, plainRows(next, name));
            }
            expect(sorted(await readTuples(lake))).toEqual(sorted(model.tuples));
            if (then === 'settle') {
              expect((await settle(lake)).apart).toBe(model.late.length);
              model.settle();
              expect(await storedFlows(lake)).toEqual(model.flows);
            } else if (then === 'compact') for await (const _ of compact(lake, midnight + 9 * dayMillis));
            else if (then === 'vacuum')
              await vacuum(lake, { nowMillis: Date.now() + 40 * dayMillis, keepMillis: 0, dryRun: false });
            else if (then === 'retain tuples') await retain(3, 2);
            else if (then === 'retain both') await retain(2, 2, 2);
            else if (then === 'retain more') await retain(4, 1, 3);
            if (then === 'ask' || then === 'compact') expect((await seenFlows(lake)).flows).toEqual(model.flows);
          }
          await settle(lake);
          model.settle();
          expect(await storedFlows(lake)).toEqual(model.flows);
          expect(sorted(await readTuples(lake))).toEqual(sorted(model.tuples));
          expect((await settle(lake)).changed).toBe(false);
        } finally {
          await lake.close();
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: long ? 30 : 2 },
  );
}, 600_000);
