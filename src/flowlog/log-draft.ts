/**
 * A flow log while it is decoded: what was read so far, and what of it is final. Where structure is lost, a part is taken back: the tuples of an object
 * that turns out to be no record, reports of an envelope, and what the end of a piece cuts.
 */
import { parseMac } from '../net/mac.ts';
import type { Frame, Scope } from './cut.ts';
import { headOf } from './cut.ts';
import type { ByteRange, Draft } from './record-draft.ts';
import { recordOf } from './record-draft.ts';
import type { FlowLogCut, FlowRecord, Rejection } from './record.ts';
import type { RejectionReason } from './rejection.ts';
import { reject } from './rejection.ts';
import type { TupleColumns } from './tuple.ts';

interface MutableGroup {
  record: number;
  rule: string;
  aclId: string;
  mac: string;
}

/** The parts of a flow log, which grow. A text inside the input adds to those of the input. */
export interface MutableLog {
  readonly records: FlowRecord[];
  readonly groups: MutableGroup[];
  readonly tuples: TupleColumns;
  readonly rejections: Rejection[];
  mended: number;
}

/** A position, and the parts of the log that come from the bytes before it. */
interface Settled extends FlowLogCut {
  readonly records: number;
  readonly groups: number;
  readonly tuples: number;
  readonly rejections: number;
  readonly mended: number;
}

export class LogDraft {
  readonly log: MutableLog;
  /** Range of an embedded text in the input: all its positions are this range. */
  readonly embedded: ByteRange | undefined;
  /** Whether bytes after the input can change the part that is not final. */
  isOpen = false;
  #settled: Settled = { startByte: 0, head: '', records: 0, groups: 0, tuples: 0, rejections: 0, mended: 0 };
  /**
   * Groups of records in an envelope: rule, ACL or MAC of the envelope do not apply to them, because they can be read
   * before it.
   */
  #sealedGroups = 0;

  constructor(log: MutableLog, embedded?: ByteRange) {
    this.log = log;
    this.embedded = embedded;
  }

  get cut(): FlowLogCut | undefined {
    return this.isOpen ? { startByte: this.#settled.startByte, head: this.#settled.head } : undefined;
  }

  /** Removes the part that the end of the input cuts. */
  dropUnsettled(): void {
    if (!this.isOpen) return;
    const { records, groups, tuples, rejections } = this.log;
    records.length = this.#settled.records;
    groups.length = this.#settled.groups;
    tuples.count = this.#settled.tuples;
    rejections.length = this.#settled.rejections;
    this.log.mended = this.#settled.mended;
  }

  /**
   * Marks everything before `startByte`, inside these brackets, as final.
   * @param behind whether the records of the innermost object have been read
   */
  settle(startByte: number, frames: readonly Frame[], behind: boolean): void {
    const head = headOf(frames, behind);
    if (head === undefined) return;
    const { records, groups, tuples, rejections } = this.log;
    this.#settled = {
      startByte,
      head,
      records: records.length,
      groups: groups.length,
      tuples: tuples.count,
      rejections: rejections.length,
      mended: this.log.mended,
    };
  }

  /** Groups so far keep their texts, whatever the objects around them have. */
  sealGroups(): void {
    this.#sealedGroups = this.log.groups.length;
  }

  /** Gives groups from `first` on the texts of an object around them. */
  fillGroups(first: number, scope: Scope): void {
    const { groups } = this.log;
    for (let i = Math.max(first, this.#sealedGroups); i < groups.length; i++) {
      const group = groups[i];
      if (group.rule === '') group.rule = scope.rule;
      if (group.aclId === '') group.aclId = scope.aclId;
      if (group.mac === '') group.mac = scope.mac;
    }
  }

  /** Index of the draft's record, which is created here. */
  recordOf(draft: Draft, endByte: number): number {
    if (draft.record < 0) {
      draft.ownRow = this.log.tuples.count;
      draft.record = this.log.records.push(this.record(draft, endByte)) - 1;
    }
    return draft.record;
  }

  /** A new group of tuples; its fields are filled in when the surrounding objects end. */
  groupOf(draft: Draft, endByte: number): number {
    return this.log.groups.push({ record: this.recordOf(draft, endByte), rule: '', aclId: '', mac: '' }) - 1;
  }

  record(draft: Draft, endByte: number): FlowRecord {
    return recordOf(draft, this.log.tuples, this.embedded ?? { startByte: draft.startByte, endByte });
  }

  /** Completes the record and its groups with the fields after them. */
  finish(draft: Draft, endByte: number): void {
    const { records, groups } = this.log;
    const record = this.record(draft, endByte);
    records[draft.record] = record;
    for (let i = draft.firstGroup; i < groups.length; i++) {
      const group = groups[i];
      if (group.record !== draft.record) continue;
      const mac = group.mac === '' ? record.macAddress : group.mac;
      group.mac = parseMac(mac) ?? mac;
    }
  }

  /** Removes the tuples of an object without time and target: the rest of a record whose beginning is missing. */
  discard(draft: Draft): void {
    const { records, groups, tuples } = this.log;
    records.length = draft.record;
    groups.length = draft.firstGroup;
    tuples.count = draft.firstRow;
    this.#sealedGroups = Math.min(this.#sealedGroups, groups.length);
    this.log.mended = draft.mendedBefore;
  }

  reject(startByte: number, endByte: number, reason: RejectionReason, detail?: string): void {
    const range = this.embedded ?? { startByte, endByte };
    reject(this.log.rejections, range.startByte, range.endByte, reason, detail);
  }

  /** Removes reports, which are among the rejections from `first` on. */
  forget(reports: readonly Rejection[], first: number): void {
    if (reports.length === 0) return;
    const { rejections } = this.log;
    const gone = new Set(reports);
    const settled = this.#settled.rejections;
    let removed = 0;
    for (const [i, rejection] of rejections.splice(first).entries())
      if (!gone.has(rejection)) rejections.push(rejection);
      else if (first + i < settled) removed++;
    if (removed > 0) this.#settled = { ...this.#settled, rejections: settled - removed };
  }
}
