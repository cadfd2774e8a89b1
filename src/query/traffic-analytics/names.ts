/** What names say of the addresses of reduced rows. */
import { names } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, column, textValue } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { Side } from './side.ts';
import { sides } from './side.ts';

/** What names say of both addresses of rows: columns such as `src_country`. */
export function withNames(rows: Relation, attributes: readonly string[], time: string): Relation {
  return sides.reduce(
    (named, side) =>
      names(
        named,
        `${side}_ip`,
        time,
        attributes.map((attribute) => ({ name: `${side}_${attribute}`, attribute })),
      ),
    rows,
  );
}

/** A column of {@link withNames}. */
export function nameOf(side: Side, attribute: string): Expression {
  return column(`${side}_${attribute}`);
}

/** What names say of the addresses that stand in the rows of tables. */
export const sideAttributes: readonly string[] =
  'vm vm_id nic nic_id subnet subnet_id region subscription load_balancer application_gateway'.split(' ');

/** A name in lower case. */
export function named(side: Side, attribute: string): Expression {
  return call('lower', nameOf(side, attribute));
}

/**
 * The resource as `group/name`, of its id: of instances of scale sets `group/set_number`, of their NICs `group/set`, of subnets `group/vnet/subnet`. Without an
 * id, its name.
 */
export function namedById(side: Side, attribute: string): Expression {
  const replaced = forms.reduce<Expression>(
    (text, [pattern, replacement]) =>
      call(
        'replace_matches',
        text,
        textValue(`^.*/resourcegroups/([^/]+)/providers/[^/]+/${pattern}/?$`),
        textValue(replacement),
      ),
    call('lower', nameOf(side, `${attribute}_id`)),
  );
  return call('coalesce', replaced, named(side, attribute));
}

const forms: readonly (readonly [string, string])[] = [
  [String.raw`virtualmachinescalesets/([^/]+)/virtualmachines/[^/]+/networkinterfaces/[^/]+`, String.raw`\1/\2`],
  [String.raw`virtualmachinescalesets/([^/]+)/virtualmachines/([^/]+)`, String.raw`\1/\2_\3`],
  [String.raw`virtualnetworks/([^/]+)/subnets/([^/]+)`, String.raw`\1/\2/\3`],
  [String.raw`[^/]+/([^/]+)`, String.raw`\1/\2`],
];
