/** Both tables as the row-by-row interpreter reads them, of rows in plain words: flows are made by the reference implementation. */
import { parseAddress } from '../../src/net/address.ts';
import { signedHalf } from '../../src/lake/tuples/schema.ts';
import type { Tables } from '../../src/query/relation/interpret.ts';
import { counterColumns, tableColumns } from '../../src/query/relation/tables.ts';
import type { TableName } from '../../src/query/relation/node-names.ts';
import { isWhole } from '../../src/query/relation/type.ts';
import type { Row, Value } from '../../src/query/relation/value.ts';
import type { PlainFlowRow, PlainReport } from '../lake/flows/plain-flows.ts';
import { plainFlows } from '../lake/flows/plain-flows.ts';
import type { PlainRow } from '../lake/plain-rows.ts';

export function tablesOfRows(rows: readonly PlainRow[]): Tables {
  const flows = plainFlows(rows);
  const numbers = new Map<string, bigint>();
  const numberOf = ({ date, conversation, values }: PlainFlowRow): bigint => {
    const tuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'].map((name) => values[name]);
    const key = JSON.stringify([date, ...conversation, ...tuple]);
    const number = numbers.get(key) ?? BigInt(numbers.size);
    numbers.set(key, number);
    return number;
  };
  return {
    tuples: rows.map((row) => typed('tuples', row)),
    flows: flows.map((flow): Row => {
      const row = typed('flows', flow.values);
      const { continued, observer, observers, reports, countingReports } = flow;
      return {
        ...row,
        ...(observers > 1 ? {} : Object.fromEntries(Object.keys(row).flatMap((name) => ofOne(name)))),
        continued,
        observer: BigInt(observer),
        observers: BigInt(observers),
        conversation: observers > 1 ? numberOf(flow) : null,
        reports: listOf(reports),
        counting_reports: observer === 0 ? listOf(countingReports) : null,
      };
    }),
  };
}

/** An observer's own columns, which are null where it is the only one. */
function ofOne(name: string): [string, Value][] {
  return name.startsWith('observer_') ? [[name, null]] : [];
}

function listOf(reports: readonly PlainReport[]): Value {
  if (reports.length === 0) return null;
  return reports.map(({ before, time, counters }) => ({
    before: micros(before),
    time: micros(time),
    ...Object.fromEntries(counterColumns.map((name, i) => [name, whole(counters[i])])),
  }));
}

function typed(table: TableName, row: PlainRow): Row {
  const all: Record<string, Value> = { ...halves('src', row['src_ip']), ...halves('dst', row['dst_ip']) };
  for (const { name, type } of tableColumns[table]) {
    const value = row[name] ?? null;
    if (name in all) continue;
    all[name] = type === 'time' ? micros(value) : isWhole(type) ? whole(value) : value;
  }
  return all;
}

function micros(millis: string | number | null): bigint | null {
  return millis === null ? null : BigInt(millis) * 1000n;
}

function whole(value: string | number | null): bigint | null {
  return value === null ? null : BigInt(value);
}

function halves(side: string, text: string | number | null): Record<string, Value> {
  const { family, words } = parseAddress(String(text))!;
  const value = (i: number): Value => (family === 4 ? null : signedHalf(words[i], words[i + 1]));
  return { [`${side}_ipv6_high`]: value(0), [`${side}_ipv6_low`]: value(2) };
}
