/**
 * The interface that a diagnostic is about: named itself, or by the virtual machine that it belongs to.
 */
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Nic } from '../../nsg/network.ts';
import { ArmError } from '../arm-error.ts';
import type { View } from '../resource-type.ts';
import { propertiesOf, referenceOf } from '../resource.ts';

/** All interfaces of a virtual machine, or the one of this id. @throws ResourceNotFound */
export function nicsOf(view: View, id: string): Nic[] {
  const wanted = resourceKey(id);
  const ids = new Set<string>();
  for (const nic of view.ofType('Microsoft.Network/networkInterfaces')) {
    const machine = resourceKey(referenceOf(propertiesOf(nic.body)['virtualMachine']));
    if (resourceKey(nic.id) === wanted || machine === wanted) ids.add(resourceKey(nic.id));
  }
  const nics = view.network().nics.filter((nic) => ids.has(resourceKey(nic.id)));
  if (nics.length === 0)
    throw new ArmError(
      'ResourceNotFound',
      `${id} is no network interface here, and no virtual machine that an interface names as its own.`,
      { target: 'targetResourceId' },
    );
  return nics;
}
