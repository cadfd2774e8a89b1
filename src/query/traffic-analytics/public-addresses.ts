/** The public addresses of flows, one row for each of an interval and flow type. */
import { extend, filter, names, project, summarize, union } from '../relation/build.ts';
import { call, column, textValue, when } from '../relation/expression.ts';
import type { Expression } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import { typedRows, withTimes } from './reduction.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import { sides } from './side.ts';

/** Flow types of which addresses are listed. */
const listedTypes = ['AzurePublic', 'ExternalPublic', 'MaliciousFlow'];
const attributes = ['country', 'region', 'service', 'organization', 'threat_type', 'threat_description'];

/** The rows whose TimeGenerated lies in the range. */
export function publicAddressRows(range: QueryRange, settings: TrafficAnalyticsSettings): Relation {
  const typed = filter(typedRows(range, settings), call('in', column('flow_type'), ...listedTypes.map(textValue)));
  const addresses = union(
    sides.map((side) =>
      project(filter(typed, column(`${side}_public`)), [
        'bin',
        'flow_type',
        { name: 'ip', value: column(`${side}_ip`) },
      ]),
    ),
  );
  const rows = withTimes(summarize(addresses, ['bin', 'flow_type', 'ip'], []), settings);
  const named = names(
    rows,
    'ip',
    'interval_start',
    attributes.map((attribute) => ({ name: `ip_${attribute}`, attribute })),
  );
  const known = (attribute: string): Expression => column(`ip_${attribute}`);
  const isType = (type: string): Expression => call('equal', column('flow_type'), textValue(type));
  const isHost = call('equal', column('ip'), textValue('168.63.129.16'));
  const ofThreat = (attribute: string): Expression => when(isType('MaliciousFlow'), known(attribute));
  return extend(named, [
    {
      name: 'location',
      value: when(
        isHost,
        textValue('Global'),
        call('lower', when(isType('AzurePublic'), known('region'), known('country'))),
      ),
    },
    {
      name: 'details',
      value: when(
        isHost,
        textValue('Microsoft Virtual Public IP'),
        when(isType('AzurePublic'), known('service'), known('organization')),
      ),
    },
    { name: 'threat_type', value: ofThreat('threat_type') },
    { name: 'threat_description', value: ofThreat('threat_description') },
  ]);
}
