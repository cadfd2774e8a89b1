/**
 * Tuples become flows and conversations (definition.ts), in one pass over the tuples of each five-tuple; the kernel does it:
 *
 *   tuples of a five-tuple in order ─▶ groups ─▶ flows of each observer ─▶ the nth flows of all observers are one conversation ─▶ a row an observer
 *
 * Tuples of a group that may still grow stay; the next pass begins with them.
 */
import type { StagedRows, StageTables } from '../tuples/staged-rows.ts';
import { rankGroups } from './observers.ts';
import type { Part } from './settle-kernel.ts';
import { SettleKernel } from './settle-kernel.ts';
import * as layout from './settle-kernel-layout.ts';
import type { StagedFlows } from './staged-flows.ts';

/** Says where the rows of a conversation go. Its group covers from `startMillis` until `endMillis`, both included. */
export type Place = (startMillis: number, endMillis: number, access: number) => StagedFlows;

const whole: Part = { parts: 1, part: 0 };
const rowDoubles = layout.rowBytes / 8;
const rowWords = layout.rowBytes / 4;
const tupleWords = layout.tupleBytes / 4;

export class FlowBuilder {
  readonly #tables: StageTables;
  readonly #place: Place;
  readonly #kernel: SettleKernel;
  /** Groups of texts that the kernel knows. */
  #groups = 0;
  /** Where rows of the batch go, by number; and where the rows of the last conversation do. */
  readonly #targets: StagedFlows[] = [];
  readonly #targetNumbers = new Map<StagedFlows, number>();
  #target = 0;
  #last: StagedFlows | undefined;

  /**
   * Rows of so many tuples of one date, which begins at `dateStart`. `apart` distinguishes conversations of tuples that came after their date was
   * frozen; 0: none of these. @throws unavailable
   */
  constructor(tables: StageTables, tuples: number, dateStart: number, place: Place, apart = 0) {
    this.#tables = tables;
    this.#place = place;
    this.#kernel = new SettleKernel(tuples, dateStart, apart, (rows) => this.#takeRows(rows));
  }

  /** Tuples that wait. */
  get count(): number {
    return this.#kernel.count;
  }

  /** Takes rows of the same tables, whose records are not needed any more then: those of one part of the five-tuples. No tuple of another part waits. */
  append(rows: StagedRows, part = whole): void {
    this.#kernel.append(rows, part);
  }

  /**
   * Builds all groups that end before `boundMillis`, where all tuples of earlier times are here; Infinity, all. Their tuples go. Pauses
   * now and then: what was placed may be taken away.
   */
  *build(boundMillis: number): Generator<void> {
    const kernel = this.#kernel;
    if (this.#groups < this.#tables.groups.length) {
      kernel.setGroups(rankGroups(this.#tables));
      this.#groups = this.#tables.groups.length;
    }
    kernel.begin();
    while (kernel.build(boundMillis)) yield;
  }

  /** Forgets what the tables hold of tuples that are gone: groups of texts become others. No row may be held anywhere. */
  renumber(): void {
    const tables = this.#tables;
    const groups = tables.groups.slice();
    tables.clear();
    this.#groups = 0;
    const known = new Map<number, number>();
    const words = this.#kernel.tuples;
    for (let at = layout.tuple.group; at < words.length; at += tupleWords) {
      const number = known.get(words[at]) ?? tables.groupId(groups[words[at]]);
      known.set(words[at], number);
      words[at] = number;
    }
  }

  /** Ends the use of the builder: all was built. */
  release(): void {
    this.#kernel.release();
  }

  /** Takes the rows of the batch to their places. */
  #takeRows(count: number): void {
    const kernel = this.#kernel;
    const { words, doubles } = kernel.batch.places;
    const targets = this.#targets;
    targets.length = 0;
    this.#targetNumbers.clear();
    // The last conversation may have more rows.
    if (this.#last !== undefined && words[layout.row.observer] > 0) this.#target = this.#numberOf(this.#last);
    this.#placeRows(count, words, doubles);
    kernel.makeColumns(targets.length);
    let start = 0;
    targets.forEach((target, part) => {
      const end = kernel.batch.partEnds[part];
      if (end > start) target.take(kernel.batch, start, end);
      start = end;
    });
  }

  /** A function of its own: compiled as a part of another, it is compiled again and again. */
  #placeRows(count: number, words: Uint32Array, doubles: Float64Array): void {
    for (let row = 0, at = 0; row < count; row++, at += rowWords) {
      if (words[at + layout.row.observer] === 0) {
        const start = doubles[row * rowDoubles + layout.row.groupStart];
        const end = doubles[row * rowDoubles + layout.row.groupEnd];
        this.#last = this.#place(start, end, words[at + layout.row.access]);
        this.#target = this.#numberOf(this.#last);
      }
      words[at + layout.row.part] = this.#target;
    }
  }

  #numberOf(target: StagedFlows): number {
    if (this.#targets[this.#target] === target) return this.#target;
    let number = this.#targetNumbers.get(target);
    if (number === undefined) {
      number = this.#targets.push(target) - 1;
      this.#targetNumbers.set(target, number);
    }
    return number;
  }
}
