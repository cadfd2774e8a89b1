/** `effectiveNetworkSecurityGroups` of an interface: its NSGs, with the effective meaning of their rules. */
import type { Json } from '../../arm-template/value.ts';
import { nsgLevels } from '../../nsg/evaluate.ts';
import type { ActionCall } from '../resources/resource-type.ts';
import { nicsOf } from './find-nic.ts';
import { effectiveRuleShapes } from './rule-shape.ts';

export function effectiveSecurityGroups({ resource, view }: ActionCall): Json {
  const [nic] = nicsOf(view, resource.id);
  const network = view.network();
  return {
    value: nsgLevels(nic, 'inbound').map(({ level, nsg }) => ({
      networkSecurityGroup: { id: nsg.id },
      association: level === 'subnet' ? { subnet: { id: nic.subnet?.id ?? '' } } : { networkInterface: { id: nic.id } },
      effectiveSecurityRules: effectiveRuleShapes(network, nic, nsg),
    })),
  };
}
