/**
 * The reduction that Traffic Analytics makes of tuples, as a tree over `tuples`. A row stands for all tuples of one interval (by the record's time) that
 * agree in NIC, addresses, destination port, protocol, flow log, ACL, rule, direction and access; the source port is left out. Then rows that differ in
 * a public address only become one, which lists these addresses.
 *
 * Source: schema article of Traffic Analytics, and real rows of NTANetAnalytics of August 2025.
 */
import { limits } from '../../base/limits.ts';
import { withinRange } from '../lower/flows.ts';
import { applications, extend, filter, project, scan, summarize } from '../relation/build.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, nothing, textValue, when, whole, wholeValue } from '../relation/expression.ts';
import type { Aggregate, Relation } from '../relation/relation.ts';
import { counterColumns } from '../relation/tables.ts';
import type { QueryRange } from '../tree.ts';
import { flowType, flowTypeAttributes, isPublicSide, publicColumns, publicSides } from './flow-type.ts';
import { nameOf, sideAttributes, withNames } from './names.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import { generatedAfterMillis, intervalMillis } from './settings.ts';
import type { Side } from './side.ts';
import { sides } from './side.ts';

/** Tuples that agree in these and in their interval are one row, until public addresses are packed. */
const keys = 'src_ip dst_ip dst_port protocol direction access rule mac format resource_id acl_id'.split(' ');

/** Of all keys, those that packing changes. */
const addressKeys = ['src_ip', 'dst_ip'];

/** What the flow's addresses say: all addresses that are packed in a row share it. */
const flowKeys = ['flow_type', 'country', 'azure_region'];

/** The rows whose TimeGenerated lies in the range. */
export function reducedRows(range: QueryRange, settings: TrafficAnalyticsSettings, format?: 'vnet' | 'nsg'): Relation {
  const typed = extend(typedRows(range, settings, format), publicColumns());
  const reduced = settings.publicAddresses === 'packed' ? packed(typed, settings) : unpacked(typed, settings);
  const named = withNames(withTimes(reduced, settings), sideAttributes, 'interval_start');
  return applications(named, 'dst_port', 'protocol', 'l7_protocol');
}

/** One row for each pair of addresses, with `src_public`, `dst_public` and `flow_type`, and what names say for them. */
export function typedRows(range: QueryRange, settings: TrafficAnalyticsSettings, format?: 'vnet' | 'nsg'): Relation {
  const rows = extend(rowsOfAddresses(range, settings, format), [{ name: 'name_time', value: startOf(settings) }]);
  const named = extend(withNames(rows, flowTypeAttributes, 'name_time'), publicSides());
  return extend(named, [{ name: 'flow_type', value: flowType() }]);
}

/** One row for each pair of addresses, before public addresses are packed. */
export function rowsOfAddresses(
  range: QueryRange,
  settings: TrafficAnalyticsSettings,
  format?: 'vnet' | 'nsg',
): Relation {
  const interval = intervalMillis(settings);
  const { bins, times } = readRanges(range, settings);
  const isOfFormat = call('equal', column('format'), textValue('vnet'));
  const tuples = filter(
    scan('tuples'),
    ...withinRange(times, column('time')),
    format === undefined ? undefined : format === 'vnet' ? isOfFormat : call('not', isOfFormat),
  );
  const binned = filter(
    extend(tuples, [{ name: 'bin', value: call('quotient', intervalTime, whole(interval)) }]),
    bins.start === undefined ? undefined : call('greater_or_equal', column('bin'), wholeValue('long', bins.start)),
    bins.end === undefined ? undefined : call('less', column('bin'), wholeValue('long', bins.end)),
  );
  return summarize(binned, ['bin', ...keys], aggregates(settings));
}

/** Epoch milliseconds by which a tuple belongs to an interval: of its record; its own where the record's time is absent or far from it. */
const intervalTime: Expression = (() => {
  const [own, recorded] = [call('millis', column('time')), call('millis', column('record_time'))];
  const lag = call('subtract', recorded, own);
  const most = limits.recordLagMillisMax;
  return when(
    call('and', call('greater_or_equal', lag, whole(-most)), call('less_or_equal', lag, whole(most))),
    recorded,
    own,
  );
})();

const isDenied = call('equal', column('access'), textValue('deny'));

function isState(state: string): Expression {
  return call('equal', column('state'), textValue(state));
}

/** Tuples without a state are of NSG flow logs version 1, which log a flow once. */
const begins = call('or', isDenied, call('is_null', column('state')), isState('begin'));

function aggregates({ flowEndTime }: TrafficAnalyticsSettings): Aggregate[] {
  const count = (condition: Expression): Expression => when(condition, whole(1), whole(0));
  return [
    { name: 'begun', function: 'sum', argument: count(begins) },
    { name: 'completed', function: 'sum', argument: count(call('and', call('not', isDenied), isState('end'))) },
    ...counterColumns.map((name): Aggregate => ({ name, function: 'sum', argument: column(name) })),
    { name: 'first_time', function: 'min', argument: column('time') },
    { name: 'last_time', function: 'max', argument: column('time') },
    ...(flowEndTime === 'last-begin'
      ? [{ name: 'last_begin', function: 'max' as const, argument: when(begins, column('time'), nothing('time')) }]
      : []),
    { name: 'target_id', function: 'max', argument: column('target_id') },
    { name: 'encryption', function: 'max', argument: column('encryption') },
    { name: 'src_ports', function: 'set', argument: column('src_port') },
  ];
}

/** Rows that differ in an address that is packed only are one, with what each address has. */
function packed(rows: Relation, settings: TrafficAnalyticsSettings): Relation {
  const carried = aggregates(settings);
  const entries = project(rows, [
    'bin',
    ...keys.map((name) => (addressKeys.includes(name) ? { name, value: addressOf(name) } : name)),
    ...flowKeys,
    ...carried.map(({ name }) => name),
    ...sides.flatMap((side): Named[] => [
      { name: `${side}_entry`, value: when(isPacked(side), entryOf(side), nothing('text')) },
      { name: `${side}_tagged`, value: when(isPacked(side), taggedOf(side), nothing('text')) },
    ]),
  ]);
  const grouped = summarize(
    entries,
    ['bin', ...keys, ...flowKeys],
    [
      ...again(carried),
      ...sides.flatMap((side): Aggregate[] => [
        { name: `${side}_entries`, function: 'set', argument: column(`${side}_entry`) },
        { name: `${side}_tags`, function: 'set', argument: column(`${side}_tagged`) },
      ]),
    ],
  );
  return extend(
    grouped,
    sides.flatMap((side) => [
      { name: `${side}_public_ips`, value: call('join_list', column(`${side}_entries`), textValue(' ')) },
      { name: `${side}_service_tags`, value: call('join_list', column(`${side}_tags`), textValue(' ')) },
    ]),
  );
}

function unpacked(rows: Relation, settings: TrafficAnalyticsSettings): Relation {
  const kept = ['bin', ...keys, ...flowKeys, ...aggregates(settings).map(({ name }) => name)];
  return project(rows, [
    ...kept,
    ...sides.flatMap((side) => [
      { name: `${side}_public_ips`, value: nothing('text') },
      { name: `${side}_service_tags`, value: nothing('text') },
    ]),
  ]);
}

/** The public side is packed. Addresses of malicious flows are not. */
function isPacked(side: Side): Expression {
  const types = ['AzurePublic', 'ExternalPublic'].map(textValue);
  return call('and', isPublicSide(side), call('in', column('flow_type'), ...types));
}

function addressOf(name: string): Expression {
  const side = name === 'src_ip' ? 'src' : 'dst';
  return when(isPacked(side), nothing('text'), column(name));
}

/** `ip|started|ended|packets out|packets in|bytes out|bytes in`: out is from source to destination. Denied flows have only started ones. */
function entryOf(side: Side): Expression {
  const counters = ['begun', 'completed', 'packets_forward', 'packets_reverse', 'bytes_forward', 'bytes_reverse'];
  const numbers = counters.flatMap((name) => [
    textValue('|'),
    call('digits', call('coalesce', column(name), whole(0))),
  ]);
  return call('concat', column(`${side}_ip`), ...numbers);
}

/** `address|tag` of an address that has a service tag. */
function taggedOf(side: Side): Expression {
  return call('concat', column(`${side}_ip`), textValue('|'), nameOf(side, 'tag'));
}

/** How the aggregates of rows go on where these become one. */
function again(aggregates: readonly Aggregate[]): Aggregate[] {
  return aggregates.map(({ name, function: of }): Aggregate => {
    const argument = column(name);
    return of === 'min' || of === 'max' || of === 'set'
      ? { name, function: of, argument }
      : { name, function: 'sum', argument };
  });
}

/** With the start and end of the interval and TimeGenerated. */
export function withTimes(rows: Relation, settings: TrafficAnalyticsSettings): Relation {
  const interval = intervalMillis(settings);
  const at = (millis: number): Expression => startOf(settings, millis);
  return extend(rows, [
    { name: 'interval_start', value: at(0) },
    { name: 'interval_end', value: at(interval) },
    { name: 'generated', value: at(generatedAfterMillis(settings)) },
  ]);
}

/** The start of a row's interval, and so many milliseconds. */
function startOf(settings: TrafficAnalyticsSettings, afterMillis = 0): Expression {
  const start = call('multiply', column('bin'), whole(intervalMillis(settings)));
  return call('time_of', call('add', start, whole(afterMillis)));
}

/** Bounds beyond the year 2255 select nothing and everything: their microseconds have more than 53 bits. */
const boundMillisMax = 9e12;

/** Intervals by number, and times of tuples, of which rows with a TimeGenerated in the range are made. */
export function readRanges(
  { start, end }: QueryRange,
  settings: TrafficAnalyticsSettings,
): { readonly bins: QueryRange; readonly times: QueryRange } {
  const interval = intervalMillis(settings);
  const firstBin = (millis: number): number => Math.ceil((millis - generatedAfterMillis(settings)) / interval);
  const lag = limits.recordLagMillisMax;
  const bins = {
    ...(start === undefined || Math.abs(start) > boundMillisMax ? {} : { start: firstBin(start) }),
    ...(end === undefined || Math.abs(end) > boundMillisMax ? {} : { end: firstBin(end) }),
  };
  const times = {
    ...(bins.start === undefined ? {} : { start: bins.start * interval - lag }),
    ...(bins.end === undefined ? {} : { end: bins.end * interval + lag }),
  };
  return { bins, times };
}
