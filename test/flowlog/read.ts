import type { FlowLog, Rejection } from '../../src/flowlog/record.ts';
import { plainTuples } from './plain.ts';

/** What pieces of a log gave: records, tuples with whose they are, rejections; places are those of the whole. */
export class Read {
  readonly records: unknown[] = [];
  readonly tuples: unknown[] = [];
  readonly rejections: Rejection[] = [];
  readonly fields = new Set<string>();

  add(log: FlowLog, startByte: number): void {
    const before = this.records.length;
    // Where an envelope began that turns out to be a record as well is forgotten by then.
    for (const { startByte: _, endByte, ...record } of log.records)
      this.records.push({ ...record, endByte: endByte + startByte });
    for (const [row, tuple] of plainTuples(log.tuples).entries()) {
      const group = log.groups[log.tuples.group[row]];
      this.tuples.push({ ...tuple, ...group, record: before + group.record });
    }
    for (const one of log.rejections)
      // Nor where a field of it stood, and whether it was reported.
      if (one.reason === 'field-unreadable') this.fields.add(one.detail);
      else this.rejections.push({ ...one, startByte: one.startByte + startByte, endByte: one.endByte + startByte });
  }

  get text(): string {
    return JSON.stringify([this.records, this.tuples, this.rejections, [...this.fields].sort()]);
  }
}
