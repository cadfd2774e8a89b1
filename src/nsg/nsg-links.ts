/**
 * Which NSG applies to a subnet or NIC. The subnet or NIC can name its NSG; in API answers, the NSG also lists its
 * subnets and NICs.
 */
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import { readObjects, readProperties, readText } from './fields.ts';
import type { Nsg } from './network.ts';
import type { RawResource } from './raw-resource.ts';

/** Ids of the subnets and NICs that an NSG lists. */
export function listedPlaces(resource: RawResource): string[] {
  const fields = readProperties(resource.body, resource.where);
  return ['subnets', 'networkInterfaces'].flatMap((field) =>
    readObjects(fields, field, resource.where).map((reference) => readText(reference, 'id', resource.where)),
  );
}

/** Finds the NSG of a subnet or NIC. `nsgId` is its own reference, '' if it has none; `where` is for the warning. */
export type NsgFinder = (id: string, nsgId: string, where: string) => Nsg | undefined;

/** `nsgs` by resource key. */
export function createNsgFinder(
  nsgs: ReadonlyMap<string, Nsg>,
  resources: readonly RawResource[],
  warnings: string[],
): NsgFinder {
  const served = new Map<string, Nsg>();
  for (const resource of resources) {
    const nsg = nsgs.get(resourceKey(resource.id));
    if (nsg === undefined) continue;
    for (const id of listedPlaces(resource)) served.set(resourceKey(id), nsg);
  }
  return (id, nsgId, where) => {
    if (nsgId === '') return served.get(resourceKey(id));
    const nsg = nsgs.get(resourceKey(nsgId));
    if (nsg === undefined)
      warnings.push(`${where}: its NSG ${resourceName(nsgId)} is in no file, so it decides nothing`);
    return nsg;
  };
}
