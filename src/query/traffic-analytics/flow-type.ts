/** What kind of flow the two addresses of a row make, and what is known of the public one. Source: schema article of Traffic Analytics, "flow types". */
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, nothing, textValue, when } from '../relation/expression.ts';
import { isNamed, nameOf } from './names.ts';
import type { Side } from './side.ts';
import { sides } from './side.ts';

/** What names are asked for it. */
export const flowTypeAttributes = ['place', 'vnet', 'vnet_id', 'country', 'region', 'tag'];

/** Private, shared, link-local and loopback addresses. Source: RFC 1918, 6598, 3927, 4193, 4291. */
const privatePattern = String.raw`^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.|f[cd][\da-f]{2}:|fe[89ab][\da-f]:|::1$)`;

const publicPlaces = ['public', 'azure', 'malicious'].map(textValue);

function is(side: Side, place: string): Expression {
  return call('equal', column(`${side}_place`), textValue(place));
}

function either(place: string): Expression {
  return call('or', is('src', place), is('dst', place));
}

/** The columns `src_public` and `dst_public`. */
export function publicSides(): Named[] {
  return sides.map((side) => ({
    name: `${side}_public`,
    value: isNamed('place')
      ? call('coalesce', call('in', column(`${side}_place`), ...publicPlaces), {
          kind: 'constant',
          type: 'boolean',
          value: false,
        })
      : call('not', call('matches', column(`${side}_ip`), textValue(privatePattern))),
  }));
}

/** Over the columns of {@link publicSides}, and what names say. */
export function flowType(): Expression {
  const anyPublic = call('or', column('src_public'), column('dst_public'));
  if (!isNamed('place')) return when(anyPublic, textValue('ExternalPublic'), textValue('UnknownPrivate'));
  const between = (a: string, b: string): Expression =>
    call('or', call('and', is('src', a), is('dst', b)), call('and', is('src', b), is('dst', a)));
  const network = (side: Side): Expression =>
    call('lower', call('coalesce', nameOf(side, 'vnet_id'), nameOf(side, 'vnet')));
  const bothInVnets = call('and', is('src', 'vnet'), is('dst', 'vnet'));
  const branches: readonly [Expression, string][] = [
    [either('malicious'), 'MaliciousFlow'],
    [either('azure'), 'AzurePublic'],
    [either('public'), 'ExternalPublic'],
    [call('and', bothInVnets, call('equal', network('src'), network('dst'))), 'IntraVNet'],
    [call('and', bothInVnets, call('not_equal', network('src'), network('dst'))), 'InterVNet'],
    [between('vnet', 'site'), 'S2S'],
    [between('vnet', 'client'), 'P2S'],
    [either('private'), 'UnknownPrivate'],
  ];
  return {
    kind: 'case',
    when: branches.map(([condition, type]) => ({ if: condition, value: textValue(type) })),
    otherwise: textValue('Unknown'),
  };
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
