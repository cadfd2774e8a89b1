/** Texts of groups that are not as one field of a log says. */
import type { FlowRecord, TupleGroup } from '../../flowlog/record.ts';

/** What a text that the rows of a group share is made of. */
export interface GroupOrigin {
  readonly group: TupleGroup;
  readonly record: FlowRecord;
  /** Location, container and name of the blob. */
  readonly blob: string;
}

const noAcl = new Set(['', 'unspecified', '00000000-0000-0000-0000-000000000000']);

/** The NSG's name: the last part of an NSG log's resourceId or a VNet log's aclID; '' where none applied. Source: facts 1.6, 3.1. */
export function nsgName({ group, record }: GroupOrigin): string {
  const id = record.format === 'vnet' ? group.aclId : record.resourceId;
  return noAcl.has(id.toLowerCase()) ? '' : (/[^/]*(?=\/*$)/.exec(id)?.[0] ?? '');
}

/** Of the group, or of its record where the group has none. */
export function macOf({ group, record }: GroupOrigin): string {
  return group.mac === '' ? record.macAddress : group.mac;
}

/** Fields that tell records apart, whatever their texts. */
type Place = 'timeMillis' | 'time' | 'startByte' | 'endByte';
type RecordText = Exclude<keyof FlowRecord, Place>;

const recordTexts = Object.keys({
  format: 0,
  resourceId: 0,
  systemId: 0,
  macAddress: 0,
  flowLogGuid: 0,
  targetResourceId: 0,
} satisfies Record<RecordText, 0>) as RecordText[];

/** Whether groups of both records have the same texts but for their own. */
export function saysTheSame(a: FlowRecord, b: FlowRecord): boolean {
  return recordTexts.every((name) => a[name] === b[name]);
}
