/**
 * Answers of aggregates straight from data files, without SQL: of those that are asked most, over files that we wrote. Whatever else is asked,
 * and whatever is found in the files that is not as we write it, is left to SQL, which says the same (group-sql.ts, conversation.ts).
 */
import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import type { RowGroupPlace } from '../lake/parquet/footer.ts';
import { readInto, readRowGroups } from '../lake/parquet/footer.ts';
import { lakeColumns } from '../lake/schema.ts';
import type { DataFile } from '../lake/snapshot.ts';
import { groupColumns } from './group-sql.ts';
import { groupField } from './measure.ts';
import type { Answer, AnswerColumn, Cell } from './result.ts';
import { smallAnswer, timeText } from './result.ts';
import * as layout from '../lake/stitch-kernel-layout.ts';
import type { Question, SlotColumn, StitchedGroup, StitchKernel } from '../lake/stitch-kernel.ts';
import {
  firstValueOrder,
  groupsMax,
  isUnreadable,
  orders,
  slotColumns,
  valuesMax,
  withStitchKernel,
} from '../lake/stitch-kernel.ts';
import type { CounterName, GroupQuery, Measure, Query } from './tree.ts';

/** A question that the kernel answers. */
export interface StitchPlan {
  readonly query: GroupQuery;
  readonly question: Question;
  readonly columns: readonly SlotColumn[];
}

const countersOf: Readonly<Record<CounterName, readonly [SlotColumn, SlotColumn?]>> = {
  bytes: ['bytes_forward', 'bytes_reverse'],
  packets: ['packets_forward', 'packets_reverse'],
  'bytes.forward': ['bytes_forward'],
  'bytes.reverse': ['bytes_reverse'],
  'packets.forward': ['packets_forward'],
  'packets.reverse': ['packets_reverse'],
};
const counterColumns: readonly SlotColumn[] = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const keyColumns: readonly SlotColumn[] = ['src_ip', 'dst_ip', 'src_port', 'dst_port', 'protocol'];
/** What tells flows and their order. */
const flowColumns: readonly SlotColumn[] = [
  ...keyColumns,
  'direction',
  'state',
  'mac',
  'resource_id',
  'format',
  'record_time',
  'record_offset',
  'tuple_index',
  'blob',
];

/** How a question is put to the kernel; `undefined` where it is one for SQL. @throws usage */
export function stitchPlan(query: Query): StitchPlan | undefined {
  if (query.ask !== 'groups' || query.where !== undefined) return undefined;
  const { axes, measures, bucketMillis, compareMillis, observations = false, range = {} } = query;
  if (bucketMillis !== undefined || compareMillis !== undefined || axes.length > 1) return undefined;
  groupColumns(query);
  const [axis] = axes;
  if (
    axis !== undefined &&
    (axis.other === true ||
      axis.among !== undefined ||
      !(Number.isInteger(axis.limit) && axis.limit >= 1 && axis.limit <= layout.matchMax))
  )
    return undefined;
  const fields = [...new Set((axis?.by ?? []).map(groupField))];
  // The state of a conversation is that of its last tuple, not of its first.
  if (
    fields.some(({ join, columns: [name] }) => join !== 'one' || !isSlot(name) || (name === 'state' && !observations))
  )
    return undefined;
  const groups = fields.map(({ columns: [name] }) => name as SlotColumn);
  const isOpen = range.start === undefined || range.end === undefined;
  if (measures.some(({ kind }) => kind === 'distinct' || kind === 'percentile' || (kind === 'rate' && isOpen)))
    return undefined;
  const summed = summedBy(measures);
  if (groups.length > groupsMax || summed.length > valuesMax) return undefined;
  return {
    query,
    question: {
      startMillis: range.start ?? -Infinity,
      endMillis: range.end ?? Infinity,
      groups,
      values: summed.map((of) => countersOf[of]),
      order: orderOf(measures[0], summed),
    },
    columns: [
      ...new Set<SlotColumn>(['time', 'access', ...groups, ...counterColumns, ...(observations ? [] : flowColumns)]),
    ],
  };
}

function isSlot(name: string): boolean {
  return (slotColumns as readonly string[]).includes(name);
}

function summedBy(measures: readonly Measure[]): CounterName[] {
  return [...new Set(measures.flatMap((measure) => ('of' in measure ? [measure.of] : [])))];
}

function orderOf(measure: Measure, summed: readonly CounterName[]): number {
  if ('of' in measure) return firstValueOrder + summed.indexOf(measure.of);
  return measure.kind === 'distinct' ? 0 : orders[measure.kind];
}

/** Row groups of a file that a question reads. */
interface FilePart {
  readonly path: string;
  readonly groups: readonly RowGroupPlace[];
}

/** What a question may take, and what ends it. */
export interface StitchBounds {
  readonly memoryBytes: number;
  /** Throws where the question was given up. */
  readonly check: () => void;
}

/**
 * The answer to a question over these files.
 * @returns `undefined` where they are not as we write them, or the answer is too large for the kernel
 */
export async function askStitched(
  plan: StitchPlan,
  files: readonly DataFile[],
  bounds: StitchBounds,
): Promise<Answer | undefined> {
  try {
    const parts = await partsOf(files, plan.question);
    if (parts === undefined) return undefined;
    const rows = parts.reduce((sum, { groups }) => sum + groups.reduce((all, group) => all + group.rows, 0), 0);
    if (plan.query.observations === true && rows > tuplesMax) return undefined;
    return await withStitchKernel(async (kernel) => {
      bounds.check();
      kernel.ask(plan.question, groupsShare * bounds.memoryBytes);
      const isDone = await new Stitching(kernel, plan, parts, bounds).run(rows);
      return { value: isDone ? answerOf(kernel, plan) : undefined, keep: isDone && rows < keptRowsMax };
    });
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Of more tuples, each by itself, SQL is faster: it numbers no texts. */
const tuplesMax = 3_000_000;
/** A question over more rows may have taken gigabytes, which are given back. */
const keptRowsMax = 2_000_000;
/** Of the memory that a question may take, the parts that flows and groups may. */
const flowsShare = 0.5;
const groupsShare = 0.25;
/** Flows that a row gives, as logs mostly are: so many parts are begun with. */
const rowFlows = 0.56;
/** Five-tuples are stitched in so many parts at the most: 2 to the power of this. */
const partBitsMax = 8;
const bucketBytes = 4;
const conversationsAtOnce = 200_000;

async function partsOf(
  files: readonly DataFile[],
  { startMillis, endMillis }: Question,
): Promise<FilePart[] | undefined> {
  const parts: FilePart[] = [];
  for (const file of [...files].sort((a, b) => a.startMillis - b.startMillis)) {
    const all = file.hasAllColumns ? await rowGroupsOf(file.path) : undefined;
    if (all === undefined || all.some(({ rows }) => rows > layout.rowsMax)) return undefined;
    const groups = all.filter(({ columns }) => {
      const { minimum = -Infinity, maximum = Infinity } = columns.get('time') ?? {};
      return minimum < endMillis * 1000 && maximum >= startMillis * 1000;
    });
    if (groups.length > 0) parts.push({ path: file.path, groups });
  }
  return parts;
}

/** Footers that were read: data files never change. */
const knownFooters = new Map<string, readonly RowGroupPlace[] | undefined>();
const knownFootersMax = 200;

async function rowGroupsOf(path: string): Promise<readonly RowGroupPlace[] | undefined> {
  if (knownFooters.has(path)) return knownFooters.get(path);
  const groups = await readRowGroups(path);
  if (knownFooters.size >= knownFootersMax) knownFooters.delete(knownFooters.keys().next().value!);
  knownFooters.set(path, groups);
  return groups;
}

/** What is done with the row groups: tuples are added by themselves or to flows, or those are gathered that came in another order. */
type Pass = 'tuples' | 'flows' | 'gathering';

class Stitching {
  readonly #kernel: StitchKernel;
  readonly #plan: StitchPlan;
  readonly #parts: readonly FilePart[];
  readonly #bounds: StitchBounds;

  constructor(kernel: StitchKernel, plan: StitchPlan, parts: readonly FilePart[], bounds: StitchBounds) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#parts = parts;
    this.#bounds = bounds;
  }

  /** @returns whether everything was added up */
  async run(rows: number): Promise<boolean> {
    if (this.#plan.query.observations === true) return this.#eachRowGroup('tuples');
    const { run } = this.#kernel;
    const { groups, values } = this.#plan.question;
    const flowBytes = 64 + 8 * Math.ceil(groups.length / 2) + 8 * values.length;
    const flowsMax = Math.floor(
      Math.min(layout.flowsLengthMax, flowsShare * this.#bounds.memoryBytes) / (flowBytes + bucketBytes),
    );
    // Five-tuples by their hash: as many parts as it takes for all flows of one to fit.
    const firstBits = Math.min(partBitsMax, Math.max(0, Math.ceil(Math.log2((rowFlows * rows) / flowsMax))));
    const waiting = Array.from({ length: 2 ** firstBits }, (_, value) => ({ bits: firstBits, value }));
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      const { bits, value } = part;
      const buckets = 2 ** Math.ceil(Math.log2(Math.min(2 * flowsMax, Math.max(1024, (1.5 * rows) / 2 ** bits))));
      run.startPart(bits, value, buckets, flowsMax);
      const stitched = await this.#stitchPart();
      if (stitched === 'full' && bits < partBitsMax)
        waiting.push({ bits: bits + 1, value }, { bits: bits + 1, value: value + 2 ** bits });
      else if (stitched !== 'done') return false;
    }
    return true;
  }

  async #stitchPart(): Promise<'done' | 'full' | 'failed'> {
    const { run } = this.#kernel;
    const outcome = (): 'full' | 'failed' => (run.fault() === faultFull ? 'full' : 'failed');
    if (!(await this.#eachRowGroup('flows'))) return outcome();
    if (run.disorderedCount() > 0) {
      run.startGathering();
      if (!(await this.#eachRowGroup('gathering'))) return outcome();
      run.endGathering();
      if (run.fault() !== 0) return outcome();
    }
    this.#kernel.rankObservers();
    for (let from = 1; from > 0;) {
      // Signals come between two turns.
      await setImmediate();
      this.#bounds.check();
      from = run.addConversations(from, conversationsAtOnce);
    }
    // A part of which some was added cannot be begun again.
    return run.fault() === 0 ? 'done' : 'failed';
  }

  /** @returns whether all row groups were as we write them, and the kernel found no fault */
  async #eachRowGroup(pass: Pass): Promise<boolean> {
    for (const { path, groups } of this.#parts) {
      const handle = await open(path, 'r');
      try {
        const read = async (i: number): Promise<Buffer> => {
          const { startByte, endByte } = groups[i];
          const buffer = this.#kernel.packed((i & 1) as 0 | 1, endByte - startByte);
          if (buffer === undefined) throw new RangeError('a row group too large');
          return readInto(handle, startByte, buffer);
        };
        // The next one is read while one is added.
        let next = read(0);
        for (let i = 0; i < groups.length; i++) {
          const bytes = await next;
          if (i + 1 < groups.length) {
            next = read(i + 1);
            next.catch(() => undefined);
          }
          this.#bounds.check();
          const rows = this.#load(bytes, groups[i], pass);
          if (rows === undefined || (rows > 0 && this.#add(rows, pass) !== 0)) return false;
        }
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      } finally {
        await handle.close();
      }
    }
    return true;
  }

  /** @returns how many rows the kernel has taken: those of the range, and perhaps others; `undefined` where they are not as we write them */
  #load(bytes: Buffer, { rows, startByte, columns }: RowGroupPlace, pass: Pass): number | undefined {
    const kernel = this.#kernel;
    const load = (name: SlotColumn): boolean => {
      const place = columns.get(name);
      if (place === undefined) return false;
      return kernel.load(name, bytes.subarray(place.startByte - startByte, place.endByte - startByte), rows);
    };
    const first: readonly SlotColumn[] = pass === 'gathering' ? ['time', ...keyColumns] : ['time'];
    kernel.run.selectAll();
    if (!first.every(load)) return undefined;
    const taken = pass === 'gathering' ? kernel.run.selectGathered(rows) : kernel.run.selectRange(rows);
    return taken === 0 || this.#plan.columns.every((name) => first.includes(name) || load(name)) ? taken : undefined;
  }

  #add(rows: number, pass: Pass): number {
    const { run } = this.#kernel;
    if (pass === 'tuples') return run.addTuples(rows);
    this.#kernel.order(rows, 'by time');
    return run.addRows(rows, pass === 'gathering' ? 1 : 0);
  }
}

/** What the kernel calls it where there is no room for all flows. */
const faultFull = 2;

function answerOf(kernel: StitchKernel, { query, question }: StitchPlan): Answer {
  const { axes, measures } = query;
  const [axis] = axes;
  const groups = kernel.largest(axis?.limit ?? 1, question);
  const all = groups.length > 0 || axis !== undefined ? groups : [nothing(question)];
  const summed = summedBy(measures);
  // Rates are asked of ranges with both ends alone.
  const { start = 0, end = 0 } = query.range ?? {};
  const seconds = Math.max(1000, end - start) / 1000;
  const rows = all.map((group): Cell[] => [
    ...group.keys,
    ...measures.map((measure) => cellOf(measure, group, summed, seconds)),
  ]);
  const kinds = [
    ...question.groups.map((name) =>
      lakeColumns.find((column) => column.name === name)?.delta === 'string' ? 'text' : 'number',
    ),
    ...measures.map(({ kind }) => (kind === 'first' || kind === 'last' ? 'time' : 'number')),
  ] as const;
  const columns = groupColumns(query).shown.map((name, i): AnswerColumn => ({ name, kind: kinds[i] }));
  return smallAnswer(columns, rows, {
    basis: query.observations === true ? 'tuples' : 'conversations',
    flows: kernel.run.flowTotal(),
    counted: kernel.run.countedTotal(),
  });
}

function nothing({ values }: Question): StitchedGroup {
  return {
    keys: [],
    flows: 0,
    denied: 0,
    tuples: 0,
    firstMicros: null,
    lastMicros: null,
    values: values.map(() => null),
  };
}

function cellOf(measure: Measure, group: StitchedGroup, summed: readonly CounterName[], seconds: number): Cell {
  switch (measure.kind) {
    case 'first':
    case 'last': {
      const micros = measure.kind === 'first' ? group.firstMicros : group.lastMicros;
      return micros === null ? null : (timeText(micros, 'Z') ?? null);
    }
    case 'sum':
    case 'rate': {
      const sum = group.values[summed.indexOf(measure.of)];
      return sum === null || measure.kind === 'sum' ? sum : sum / seconds;
    }
    case 'flows':
    case 'denied':
    case 'tuples':
      return group[measure.kind];
    default:
      throw new FlowError('usage', `no measure of the kernel: ${measure.kind}`);
  }
}
