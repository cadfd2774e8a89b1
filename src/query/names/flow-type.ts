/** The type of a flow by where both sides lie. Source: facts 7.2, Traffic Analytics schema, "FlowType". */
import type { Expression } from '../relation/expression.ts';
import { call, column, textValue, when } from '../relation/expression.ts';
import type { flowTypes } from './columns.ts';

type FlowType = (typeof flowTypes)[number];
type Place = 'vnet' | 'client' | 'site' | 'malicious' | 'azure' | 'public' | 'private';

/** Columns that it reads. */
export const flowTypeColumns: readonly string[] = ['place', 'vnet', 'vnet_id'].flatMap((name) => [
  `src_${name}`,
  `dst_${name}`,
]);

export function flowType(): Expression {
  const is = (side: 'src' | 'dst', place: Place): Expression =>
    call('equal', column(`${side}_place`), { kind: 'literal', type: 'text', value: place });
  const either = (place: Place): Expression => call('or', is('src', place), is('dst', place));
  const between = (a: Place, b: Place): Expression =>
    call('or', call('and', is('src', a), is('dst', b)), call('and', is('src', b), is('dst', a)));
  const network = (side: 'src' | 'dst'): Expression =>
    call('lower', call('coalesce', column(`${side}_vnet_id`), column(`${side}_vnet`)));
  const both = call('and', is('src', 'vnet'), is('dst', 'vnet'));
  const branches: readonly [Expression, FlowType][] = [
    [either('malicious'), 'MaliciousFlow'],
    [either('azure'), 'AzurePublic'],
    [either('public'), 'ExternalPublic'],
    [call('and', both, call('equal', network('src'), network('dst'))), 'IntraVNet'],
    [call('and', both, call('not_equal', network('src'), network('dst'))), 'InterVNet'],
    [between('vnet', 'site'), 'S2S'],
    [between('vnet', 'client'), 'P2S'],
    [either('private'), 'UnknownPrivate'],
  ];
  const text = (type: FlowType): Expression => textValue(type);
  return {
    kind: 'case',
    when: branches.map(([condition, type]) => ({ if: condition, value: text(type) })),
    // Without a place, nothing was looked up.
    otherwise: when(call('not', call('is_null', column('src_place'))), text('Unknown')),
  };
}
