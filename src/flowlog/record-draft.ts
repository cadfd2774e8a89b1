import type { Key } from './keys.ts';
import { parseRecordTime } from './record-time.ts';
import type { FlowRecord, Rejection } from './record.ts';
import type { FlowLogFormat, TupleColumns } from './tuple.ts';
import { stateNone } from './tuple.ts';

export interface ByteRange {
  readonly startByte: number;
  readonly endByte: number;
}

/** State of an object that may be a record, while it is read. */
export interface Draft {
  readonly startByte: number;
  readonly firstRow: number;
  /** Row of its own first tuple: records inside it can come before it. */
  ownRow: number;
  readonly firstGroup: number;
  /** Tuples repaired before it. */
  readonly mendedBefore: number;
  /** Index in `records`; -1 until the first tuples need one. */
  record: number;
  readonly texts: Partial<Record<Key, string>>;
  version: FlowLogFormat | undefined;
  /** It has a key for flows. */
  hasFlows: boolean;
  /** It contains records: it is an envelope, or an event that wraps one. */
  hasRecords: boolean;
  /** It may be a flat event. */
  isFlat: boolean;
  /**
   * First key of the objects at which reading can continue inside the record: `rule` in NSG logs, `aclid` in VNet logs.
   */
  groupKey: Key | undefined;
  /** Reported fields; ignored if the object turns out to be only an envelope. */
  readonly unreadable: Rejection[];
}

export function createDraft(startByte: number, firstRow: number, firstGroup: number, mendedBefore: number): Draft {
  return {
    startByte,
    firstRow,
    ownRow: firstRow,
    firstGroup,
    mendedBefore,
    record: -1,
    texts: {},
    version: undefined,
    hasFlows: false,
    hasRecords: false,
    isFlat: false,
    groupKey: undefined,
    unreadable: [],
  };
}

/** The record as known so far; its tuples are in `tuples` from the draft's first row on. */
export function recordOf(draft: Draft, tuples: TupleColumns, range: ByteRange): FlowRecord {
  const { texts } = draft;
  const time = texts.time ?? '';
  return {
    format: draft.version ?? formatOfTuples(draft, tuples),
    timeMillis: parseRecordTime(time) ?? Number.NaN,
    time,
    resourceId: texts.flowlogresourceid ?? texts.resourceid ?? '',
    systemId: texts.systemid ?? '',
    macAddress: texts.macaddress ?? '',
    flowLogGuid: texts.flowlogguid ?? '',
    targetResourceId: texts.targetresourceid ?? '',
    ...range,
  };
}

/** The format of a record without a version. */
function formatOfTuples(draft: Draft, tuples: TupleColumns): FlowLogFormat {
  if (draft.groupKey === 'aclid' || draft.texts.category === vnetCategory) return 'vnet';
  if (draft.ownRow === tuples.count) return 'nsg2';
  if (tuples.encryption[draft.ownRow] !== 0) return 'vnet';
  return tuples.state[draft.ownRow] === stateNone ? 'nsg1' : 'nsg2';
}

const vnetCategory = 'FlowLogFlowEvent';

export function isFlowCategory(category: string | undefined): boolean {
  return category === vnetCategory || category === 'NetworkSecurityGroupFlowEvent';
}

/** The format of a version, given as JSON text or number; `undefined` if it is unknown. */
export function formatOf(key: 'version' | 'flowlogversion', json: string): FlowLogFormat | undefined {
  const version = /^(?:"\s*(\d+)(?:\.0+)?\s*"|(\d+)(?:\.0+)?)$/.exec(json);
  if (version === null) return undefined;
  const digits = version[1] ?? version[2];
  if (key === 'flowlogversion' || digits === '4') return 'vnet';
  return digits === '1' ? 'nsg1' : digits === '2' ? 'nsg2' : undefined;
}
