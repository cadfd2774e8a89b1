/** Rows in plain words as staged rows, and staged flows in plain words. */
import { encryptionNames, family4to6, family6to4, familyOf, stateNames } from '../../../src/flowlog/tuple.ts';
import { groupBy } from '../../../src/base/group-by.ts';
import type { StagedFlows } from '../../../src/lake/flows/staged-flows.ts';
import { accessSame, hasNumber } from '../../../src/lake/flows/staged-flows.ts';
import type { StageTables } from '../../../src/lake/tuples/staged-rows.ts';
import { StagedRows } from '../../../src/lake/tuples/staged-rows.ts';
import { groupTexts } from '../../../src/lake/tuples/stored-columns.ts';
import { formatAddress, parseAddress } from '../../../src/net/address.ts';
import { formatProtocol, parseProtocol } from '../../../src/net/protocol.ts';
import type { PlainRow } from '../plain-rows.ts';
import type { PlainFlowRow, PlainReport } from './plain-flows.ts';

const accesses = ['allow', 'deny'];
const directions = ['inbound', 'outbound'];

export function stagePlain(plain: readonly PlainRow[], tables: StageTables): StagedRows {
  const rows = new StagedRows(tables);
  rows.reserve(plain.length);
  for (const row of plain) {
    const at = rows.count++;
    const source = parseAddress(String(row['src_ip']))!;
    const destination = parseAddress(String(row['dst_ip']))!;
    rows.timeMillis[at] = Number(row['time']);
    rows.source.set(source.words, 4 * at);
    rows.destination.set(destination.words, 4 * at);
    rows.family[at] = familyOf(source.family, destination.family);
    rows.sourcePort[at] = Number(row['src_port']);
    rows.destinationPort[at] = Number(row['dst_port']);
    rows.protocol[at] = parseProtocol(String(row['protocol']))!;
    rows.direction[at] = directions.indexOf(String(row['direction']));
    rows.access[at] = accesses.indexOf(String(row['access']));
    rows.state[at] = (stateNames as readonly string[]).indexOf(String(row['state'] ?? ''));
    rows.encryption[at] = (encryptionNames as readonly string[]).indexOf(String(row['encryption'] ?? ''));
    rows.packetsForward[at] = numberOf(row['packets_forward']);
    rows.bytesForward[at] = numberOf(row['bytes_forward']);
    rows.packetsReverse[at] = numberOf(row['packets_reverse']);
    rows.bytesReverse[at] = numberOf(row['bytes_reverse']);
    rows.tupleIndex[at] = Number(row['tuple_index']);
    const group = tables.groupId(groupTexts.map((name) => String(row[name] ?? '')));
    rows.addRun(1, group, tables.recordId(numberOf(row['record_time']), numberOf(row['record_offset'])));
  }
  return rows;
}

function numberOf(value: string | number | null): number {
  return value === null ? Number.NaN : Number(value);
}

/** A row of `flows` as values that compare: without the numbers of conversations and groups, with reports filled in. */
export type FlowValues = Readonly<Record<string, unknown>>;

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;
const counterColumns = ['packetsForward', 'bytesForward', 'packetsReverse', 'bytesReverse'] as const;

export function valuesOfPlain({
  values,
  continued,
  observer,
  observers,
  reports,
  countingReports,
  date,
}: PlainFlowRow): FlowValues {
  return {
    ...values,
    date,
    continued,
    observer,
    observers,
    reports,
    countingReports: observer === 0 ? countingReports : [],
  };
}

export function valuesOfStaged(flows: StagedFlows): FlowValues[] {
  return Array.from({ length: flows.count }, (_, row) => valuesOfRow(flows, row));
}

function valuesOfRow(flows: StagedFlows, row: number): FlowValues {
  const { columns, tables } = flows;
  const its = flows.own;
  const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const address = (words: Uint32Array, isIpv4: boolean): string =>
    formatAddress({
      family: isIpv4 ? 4 : 6,
      words: [words[4 * row], words[4 * row + 1], words[4 * row + 2], words[4 * row + 3]],
    });
  const family = columns.family[row];
  /** What is not set is the conversation's. */
  const ownOr = (value: number | undefined, ofAll: number): number =>
    value === undefined || Number.isNaN(value) ? ofAll : value;
  const isAccessSame = its === undefined || its.observerAccess[row] === accessSame;
  const shared = Object.fromEntries(counters.map((name, i) => [name, nullable(columns[counterColumns[i]][row])]));
  const observerColumns = [
    its?.observerPacketsForward,
    its?.observerBytesForward,
    its?.observerPacketsReverse,
    its?.observerBytesReverse,
  ];
  const firstMillis = ownOr(its?.observerTimeMillis[row], columns.timeMillis[row]);
  const lastMillis = ownOr(its?.observerLastTimeMillis[row], columns.lastTimeMillis[row]);
  const ownCounters = counters.map((name, i) => (isAccessSame ? shared[name] : nullable(observerColumns[i]![row])));
  const listed = listOf(flows.reports, columns.reportsEnd, row);
  const reports =
    listed.length > 0 || ownCounters.every((value) => value === null)
      ? listed
      : [{ before: firstMillis, time: lastMillis, counters: ownCounters }];
  const counting = listOf(flows.countingReports, columns.countingReportsEnd, row);
  return {
    time: columns.timeMillis[row],
    last_time: columns.lastTimeMillis[row],
    src_ip: address(columns.source, family === 4 || family === family4to6),
    src_port: columns.sourcePort[row],
    dst_ip: address(columns.destination, family === 4 || family === family6to4),
    dst_port: columns.destinationPort[row],
    protocol: formatProtocol(columns.protocol[row]),
    access: accesses[columns.access[row]],
    ...shared,
    continued: columns.continued[row] === 1,
    tuples: columns.tuples[row],
    observer: columns.observer[row],
    observers: columns.observers[row],
    direction: directions[columns.direction[row]],
    state: stateNames[columns.state[row]] || null,
    encryption: encryptionNames[columns.encryption[row]] || null,
    ...Object.fromEntries(groupTexts.map((name, i) => [name, tables.groups[columns.group[row]][i] || null])),
    observer_time: firstMillis,
    observer_last_time: lastMillis,
    observer_access: accesses[isAccessSame ? columns.access[row] : its.observerAccess[row]],
    observer_tuples: ownOr(its?.observerTuples[row], columns.tuples[row]),
    ...Object.fromEntries(counters.map((name, i) => [`observer_${name}`, ownCounters[i]])),
    reports,
    countingReports: columns.observer[row] > 0 ? [] : counting.length > 0 ? counting : reports,
    record_time: nullable(columns.recordTimeMillis[row]),
    record_offset: nullable(columns.recordOffset[row]),
    tuple_index: columns.tupleIndex[row],
    date: Math.floor(columns.timeMillis[row] / 86_400_000) * 86_400_000,
  };
}

function listOf({ columns: reports }: StagedFlows['reports'], ends: Uint32Array, row: number): PlainReport[] {
  const list: PlainReport[] = [];
  for (let i = row === 0 ? 0 : ends[row - 1]; i < ends[row]; i++)
    list.push({
      before: Number.isNaN(reports.beforeMillis[i]) ? null : reports.beforeMillis[i],
      time: reports.timeMillis[i],
      counters: counterColumns.map((name) => (Number.isNaN(reports[name][i]) ? null : reports[name][i])),
    });
  return list;
}

/** Values in an order of their own, so that lists of them compare. */
export function inOrder(values: readonly FlowValues[]): FlowValues[] {
  const keyed = values.map((value) => ({
    value,
    key: JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ value }) => value);
}

/** The numbers of conversations that are not shared by as many rows as they have observers, each observer once. */
export function wrongNumbers(flows: StagedFlows): string[] {
  const { observer, observers } = flows.columns;
  const { own } = flows;
  const isNumbered = (row: number): boolean => own?.conversationFamily[row] === hasNumber;
  const rows = Array.from({ length: flows.count }, (_, row) => row).filter(isNumbered);
  const byNumber = groupBy(rows, (row) => `${own?.conversation[4 * row]} ${own?.conversation[4 * row + 1]}`);
  const isWrong = (some: readonly number[]): boolean =>
    some.length !== observers[some[0]] || some.some((row, i) => observer[row] !== i);
  const unnumbered = Array.from({ length: flows.count }, (_, row) => row).filter(
    (row) => observers[row] > 1 !== isNumbered(row),
  );
  return [...[...byNumber].filter(([, some]) => isWrong(some)).map(([number]) => number), ...unnumbered.map(String)];
}
