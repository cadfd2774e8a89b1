/**
 * Encodes the record of one flush of one flow log and NIC, as JSON without spaces, with keys in Azure's order. The opening and
 * closing block of a blob and the comma between blocks belong to `blob`.
 *
 *   {"time":"…0000Z","systemId":"…","macAddress":"000D3AF87856","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/…",
 *    "operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[
 *      {"rule":"UserRule_web","flows":[{"mac":"000D3AF87856","flowTuples":["…","…"]}]}]}}
 *
 *   {"time":"…0000Z","flowLogVersion":4,"flowLogGUID":"…","macAddress":"00224871C205","category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/…",
 *    "targetResourceID":"/subscriptions/…","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[
 *      {"aclID":"/subscriptions/…","flowGroups":[{"rule":"UserRule_web","flowTuples":["…"]}]}]}}
 *
 * Source: facts 1.1 and 3.1.
 */
import { formatRecordTime } from '../base/time.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { TupleKernel } from './tuple-kernel.ts';
import { createTupleKernel } from './tuple-kernel.ts';
import { hasTuple, tupleBytesMax, writeTuple } from './tuple-text.ts';
import type { FlowLogFormat, TupleColumns } from './tuple.ts';

/** The fields of a record besides its tuples. */
export interface RecordHeader {
  readonly format: FlowLogFormat;
  /** Time of the flush, epoch milliseconds. */
  readonly timeMillis: number;
  /** ARM id of the NSG, or for VNet logs of the flow log; written in upper case. */
  readonly resourceId: string;
  /** Twelve upper-case digits; if it is '', the record has no `macAddress`. */
  readonly macAddress: string;
  /** NSG logs: a GUID of the NSG. */
  readonly systemId: string;
  /** VNet logs: a GUID of the flow log. */
  readonly flowLogGuid: string;
  /** VNet logs: ARM id of the target, written unchanged. */
  readonly targetResourceId: string;
}

/** Properties that the tuples of a group share; `columns.group` is an index into an array of these. */
export interface RuleGroup {
  /** As written: `UserRule_…`, `DefaultRule_…` or a plain name. */
  readonly rule: string;
  /** VNet logs: ARM id or GUID of the NSG; unused in NSG logs. */
  readonly aclId: string;
}

const quote = 0x22;
const comma = 0x2c;

/**
 * Writes one record with the tuples of `rows[start]` to `rows[end - 1]`, in that order. Adjacent tuples with the same
 * rule (in VNet logs also the same ACL) share one array, so sort rows by ACL, rule and time.
 *
 * Rows without a form in the format are left out: continuing and end in NSG version 1, which has one tuple per flow,
 * and protocols other than TCP and UDP in NSG logs. If no row remains, nothing is written.
 * @param kernel writes its own tuples fastest; other tuples are copied to it
 * @returns the number of tuples written
 */
export function encodeRecord(
  writer: ByteWriter,
  header: RecordHeader,
  columns: TupleColumns,
  groups: readonly RuleGroup[],
  rows: Uint32Array,
  start: number,
  end: number,
  kernel = sharedKernel(),
): number {
  const { format } = header;
  const vnet = format === 'vnet';
  let written = 0;
  let current = -1;
  for (let i = start; i < end;) {
    const next = columns.group[rows[i]];
    const runEnd = endOfGroup(columns.group, rows, i, end);
    const all = rows.subarray(i, runEnd);
    const run = haveTuples(format, columns, all) ? all : all.filter((row) => hasTuple(format, columns, row));
    i = runEnd;
    if (run.length === 0) continue;
    const newAcl = written === 0 || (vnet && groups[next].aclId !== groups[current].aclId);
    const newRule = newAcl || groups[next].rule !== groups[current].rule;
    if (newRule) {
      writer.writeText(written === 0 ? openRecord(header) : closeRule(vnet, newAcl));
      writer.writeText(openRule(header, groups[next], newAcl));
    } else writer.writeText(',');
    current = next;
    writeTuples(format, writer, columns, run, kernel);
    written += run.length;
  }
  if (written > 0) writer.writeText(']}]}]}}');
  return written;
}

// Each loop over rows is a function of its own, so that it is compiled once and not again in each caller.
function endOfGroup(group: Uint32Array, rows: Uint32Array, start: number, end: number): number {
  let at = start + 1;
  while (at < end && group[rows[at]] === group[rows[start]]) at++;
  return at;
}

function haveTuples(format: FlowLogFormat, columns: TupleColumns, rows: Uint32Array): boolean {
  if (format === 'vnet') return true;
  for (let i = 0; i < rows.length; i++) if (!hasTuple(format, columns, rows[i])) return false;
  return true;
}

let kernelShared: TupleKernel | undefined;

/** One kernel for all callers without one. */
function sharedKernel(): TupleKernel | undefined {
  return (kernelShared ??= createTupleKernel());
}

/** `"…"` of all rows, separated by commas. */
function writeTuples(
  format: FlowLogFormat,
  writer: ByteWriter,
  columns: TupleColumns,
  rows: Uint32Array,
  kernel: TupleKernel | undefined,
): void {
  if (kernel?.write(format, writer, columns, rows, 0, rows.length) === true) return;
  rows.forEach((row, index) => {
    const bytes = writer.reserve(tupleBytesMax + 3);
    let at = writer.length;
    if (index > 0) bytes[at++] = comma;
    bytes[at++] = quote;
    at = writeTuple(format, bytes, at, columns, row);
    bytes[at++] = quote;
    writer.length = at;
  });
}

function openRecord(header: RecordHeader): string {
  const time = formatRecordTime(header.timeMillis);
  const mac = header.macAddress === '' ? '' : `"macAddress":${JSON.stringify(header.macAddress)},`;
  const resourceId = JSON.stringify(header.resourceId.toUpperCase());
  if (header.format === 'vnet')
    return (
      `{"time":"${time}","flowLogVersion":4,"flowLogGUID":${JSON.stringify(header.flowLogGuid)},${mac}` +
      `"category":"FlowLogFlowEvent","flowLogResourceID":${resourceId},"targetResourceID":${JSON.stringify(header.targetResourceId)},` +
      `"operationName":"FlowLogFlowEvent","flowRecords":{"flows":[`
    );
  return (
    `{"time":"${time}","systemId":${JSON.stringify(header.systemId)},${mac}` +
    `"category":"NetworkSecurityGroupFlowEvent","resourceId":${resourceId},` +
    `"operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":${header.format === 'nsg1' ? 1 : 2},"flows":[`
  );
}

function openRule(header: RecordHeader, group: RuleGroup, newAcl: boolean): string {
  const rule = JSON.stringify(group.rule);
  if (header.format !== 'vnet')
    return `{"rule":${rule},"flows":[{"mac":${JSON.stringify(header.macAddress)},"flowTuples":[`;
  const acl = newAcl ? `{"aclID":${JSON.stringify(group.aclId)},"flowGroups":[` : '';
  return `${acl}{"rule":${rule},"flowTuples":[`;
}

/** Closes the tuples of a rule; in VNet logs also those of its ACL if another ACL follows. */
function closeRule(vnet: boolean, newAcl: boolean): string {
  return vnet && !newAcl ? ']},' : ']}]},';
}
