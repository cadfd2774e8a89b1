/** The public addresses of flows, one row for each of an interval and flow type. */
import { extend, filter, project, summarize, union } from '../relation/build.ts';
import type { Named } from '../relation/expression.ts';
import { call, column, nothing, textValue } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import { flowType, isPublic } from './flow-type.ts';
import { rowsOfAddresses, withTimes } from './reduction.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import { sides } from './side.ts';

/** Flow types of which addresses are listed. */
const listedTypes = ['AzurePublic', 'ExternalPublic', 'MaliciousFlow'];

/** The rows whose TimeGenerated lies in the range. */
export function publicAddressRows(range: QueryRange, settings: TrafficAnalyticsSettings): Relation {
  const rows = extend(
    rowsOfAddresses(range, settings),
    sides.map((side): Named => ({ name: `${side}_public`, value: isPublic(side) })),
  );
  const typed = filter(
    extend(rows, [{ name: 'flow_type', value: flowType }]),
    call('in', column('flow_type'), ...listedTypes.map(textValue)),
  );
  const addresses = union(
    sides.map((side) =>
      project(filter(typed, column(`${side}_public`)), [
        'bin',
        'flow_type',
        { name: 'ip', value: column(`${side}_ip`) },
      ]),
    ),
  );
  const empty = ['location', 'details', 'threat_type', 'threat_description'];
  return withTimes(
    extend(
      summarize(addresses, ['bin', 'flow_type', 'ip'], []),
      empty.map((name) => ({ name, value: nothing('text') })),
    ),
    settings,
  );
}
