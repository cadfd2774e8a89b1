/** What kind of flow the two addresses of a row make, and what is known of the public one. Source: schema article of Traffic Analytics, "flow types". */
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, no, nothing, textValue, when } from '../relation/expression.ts';
import { flowType as typeOfPlaces } from '../names/flow-type.ts';
import { nameOf } from './names.ts';
import type { Side } from './side.ts';
import { sides } from './side.ts';

/** What names are asked for it. */
export const flowTypeAttributes = ['place', 'vnet', 'vnet_id', 'country', 'region', 'tag'];

const publicPlaces = ['public', 'azure', 'malicious'].map(textValue);

/** The columns `src_public` and `dst_public`. */
export function publicSides(): Named[] {
  return sides.map((side) => ({
    name: `${side}_public`,
    value: call('coalesce', call('in', column(`${side}_place`), ...publicPlaces), no),
  }));
}

/** A row always has one. */
export function flowType(): Expression {
  return call('coalesce', typeOfPlaces(), textValue('Unknown'));
}

/** The public side; of two public sides the one that is not the NIC's: of an inbound flow, the source. */
export function isPublicSide(side: Side): Expression {
  const [opposite, away] = side === 'src' ? (['dst', 'inbound'] as const) : (['src', 'outbound'] as const);
  return call(
    'and',
    column(`${side}_public`),
    call('or', call('not', column(`${opposite}_public`)), call('equal', column('direction'), textValue(away))),
  );
}

/** Country of the public address, or its Azure region, by the flow's type: columns over `flow_type`. */
export function publicColumns(): Named[] {
  const isType = (...types: string[]): Expression => call('in', column('flow_type'), ...types.map(textValue));
  const ofPublic = (attribute: string): Expression =>
    call('lower', {
      kind: 'case',
      when: sides.map((side) => ({ if: isPublicSide(side), value: nameOf(side, attribute) })),
      otherwise: nothing('text'),
    });
  return [
    { name: 'country', value: when(isType('ExternalPublic', 'MaliciousFlow'), ofPublic('country'), nothing('text')) },
    { name: 'azure_region', value: when(isType('AzurePublic'), ofPublic('region'), nothing('text')) },
  ];
}
