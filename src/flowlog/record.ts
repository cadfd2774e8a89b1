import type { FlowLogFormat, TupleColumns } from './tuple.ts';

/** One element of `records[]`, without its tuples. Texts are as they stand in the log. */
export interface FlowRecord {
  readonly format: FlowLogFormat;
  /** When the record was flushed, epoch milliseconds; NaN where the log's `time` cannot be read. */
  readonly timeMillis: number;
  /** The log's own spelling of `time`. */
  readonly time: string;
  /** `resourceId` of an NSG log, `flowLogResourceID` of a VNet log; '' where absent. */
  readonly resourceId: string;
  /** NSG logs; '' where absent. */
  readonly systemId: string;
  /** Of the record, where present; VNet logs and newer NSG logs. '' where absent. */
  readonly macAddress: string;
  /** VNet logs; '' where absent. */
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
  /** Where the record's bytes lie in the input: start included, end excluded. */
  readonly startByte: number;
  readonly endByte: number;
}

/** What tuples share: a rule at a NIC in a record. */
export interface TupleGroup {
  /** Index in `records`. */
  readonly record: number;
  /** As written: `UserRule_…`, `DefaultRule_…` or a bare name. */
  readonly rule: string;
  /** `aclID` of VNet logs; '' in NSG logs. */
  readonly aclId: string;
  /** Of the NIC that saw the flow, twelve upper-case digits; '' where the log says nothing. */
  readonly mac: string;
}

/** Bytes of the input that could not be used, and why. */
export interface Rejection {
  readonly startByte: number;
  readonly endByte: number;
  readonly reason: string;
  /** One sentence for a person. */
  readonly detail: string;
}

/** Where the input's end cuts a flow log; see cut.ts. */
export interface FlowLogCut {
  /** What begins at this byte may go on behind the end of the input. */
  readonly startByte: number;
  /** JSON to read before the bytes from `startByte` on; '' between records that stand in no brackets. */
  readonly head: string;
}

/** A whole flow log in memory. `tuples.group` indexes `groups`. Every byte range not used is in `rejections`. */
export interface FlowLog {
  readonly records: FlowRecord[];
  readonly groups: TupleGroup[];
  readonly tuples: TupleColumns;
  readonly rejections: Rejection[];
  /** Where the input's end cuts the log; `undefined` where it ends behind something whole. */
  readonly cut?: FlowLogCut | undefined;
  /** Tuples among them that are not written as any format has them, and can be read in one way only (tuple-mend.ts). */
  readonly mended: number;
}
