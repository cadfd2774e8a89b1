import type { FlowLogFormat, TupleColumns } from './tuple.ts';

/** One element of `records[]`, without its tuples. Texts are unchanged. */
export interface FlowRecord {
  readonly format: FlowLogFormat;
  /** Time of the flush, epoch milliseconds; NaN if the log's `time` cannot be read. */
  readonly timeMillis: number;
  /** `time` as written in the log. */
  readonly time: string;
  /** `resourceId` of an NSG log, `flowLogResourceID` of a VNet log; '' if absent. */
  readonly resourceId: string;
  /** NSG logs; '' if absent. */
  readonly systemId: string;
  /** MAC of the record in VNet logs and newer NSG logs; '' if absent. */
  readonly macAddress: string;
  /** VNet logs; '' if absent. */
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
  /** Range of the record in the input: start included, end excluded. */
  readonly startByte: number;
  readonly endByte: number;
}

/** Properties that tuples share: a rule at a NIC in a record. */
export interface TupleGroup {
  /** Index in `records`. */
  readonly record: number;
  /** As written: `UserRule_…`, `DefaultRule_…` or a plain name. */
  readonly rule: string;
  /** `aclID` of VNet logs; '' in NSG logs. */
  readonly aclId: string;
  /** MAC of the NIC that saw the flow, twelve upper-case digits; '' if unknown. */
  readonly mac: string;
}

/** Unusable bytes of the input, and the reason. */
export interface Rejection {
  readonly startByte: number;
  readonly endByte: number;
  readonly reason: string;
  /** One sentence for users. */
  readonly detail: string;
}

/** Where the input's end cuts a flow log; see cut.ts. */
export interface FlowLogCut {
  /** The part from this byte on can continue after the end of the input. */
  readonly startByte: number;
  /** JSON to read before the bytes from `startByte` on; '' between records without brackets. */
  readonly head: string;
}

/** A whole flow log in memory. `tuples.group` is an index into `groups`. All unused byte ranges are in `rejections`. */
export interface FlowLog {
  readonly records: FlowRecord[];
  readonly groups: TupleGroup[];
  readonly tuples: TupleColumns;
  readonly rejections: Rejection[];
  /** Where the input's end cuts the log; `undefined` if it ends after something complete. */
  readonly cut?: FlowLogCut | undefined;
  /** Tuples that are in no documented form but can be read in only one way (tuple-mend.ts). */
  readonly mended: number;
}
