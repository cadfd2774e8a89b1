/** The interface of a diagnostic, named directly or by its virtual machine. */
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Nic } from '../../nsg/network.ts';
import { ArmError } from '../arm-error.ts';
import type { View } from '../resources/resource-type.ts';
import { objectOf, objectsOf, propertiesOf, referenceOf, textOf } from '../resources/resource.ts';

/**
 * All interfaces of a virtual machine, the primary one first, or the interface with this id.
 * @throws ResourceNotFound
 */
export function nicsOf(view: View, id: string): Nic[] {
  const wanted = resourceKey(id);
  const ids = machineInterfaces(view, id);
  for (const nic of view.ofType('Microsoft.Network/networkInterfaces')) {
    const machine = resourceKey(referenceOf(propertiesOf(nic.body)['virtualMachine']));
    if (resourceKey(nic.id) === wanted || machine === wanted) ids.push(resourceKey(nic.id));
  }
  const { nics } = view.network();
  const found = [...new Set(ids)].flatMap((key) => nics.find((nic) => resourceKey(nic.id) === key) ?? []);
  if (found.length === 0)
    throw new ArmError(
      'ResourceNotFound',
      `${id} is neither a network interface here, nor a virtual machine to which an interface is attached.`,
      { target: 'targetResourceId' },
    );
  return found;
}

function machineInterfaces(view: View, id: string): string[] {
  const machine = view.get(id);
  if (machine?.type !== 'Microsoft.Compute/virtualMachines') return [];
  const named = objectsOf(objectOf(propertiesOf(machine.body)['networkProfile'])['networkInterfaces']);
  const isPrimary = (nic: (typeof named)[number]): number => (propertiesOf(nic)['primary'] === true ? 0 : 1);
  return named.toSorted((a, b) => isPrimary(a) - isPrimary(b)).map((nic) => resourceKey(textOf(nic['id'])));
}
