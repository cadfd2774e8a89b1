/**
 * Which NSG judges at a subnet or NIC. Either side may say so: the subnet or NIC names its NSG, and in answers of the API the NSG lists
 * the subnets and NICs that it serves.
 */
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import { readObjects, readProperties, readText } from './fields.ts';
import type { Nsg } from './network.ts';
import type { RawResource } from './raw-resource.ts';

/** Ids of the subnets and NICs that an NSG lists as its own. */
export function listedPlaces(resource: RawResource): string[] {
  const fields = readProperties(resource.body, resource.where);
  return ['subnets', 'networkInterfaces'].flatMap((field) =>
    readObjects(fields, field, resource.where).map((reference) => readText(reference, 'id', resource.where)),
  );
}

/** The NSG at a subnet or NIC. `nsgId` is what it names itself, '' for nothing; `where` is for the warning. */
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
