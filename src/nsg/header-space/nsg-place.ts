/** Where an NSG stands: the meaning of tags, groups and peerings in its rules depends on it. */
import type { Network, Nic, Nsg, Subnet } from '../network.ts';
import { tagPlace } from '../virtual-network-tag.ts';

/** A NIC for each place where rules of an NSG mean other addresses; a made-up one where no NIC has it. */
export function placesOfNsg(network: Network, nsg: Nsg): Nic[] {
  const nics = network.nics.filter((nic) => nic.nsg === nsg || nic.subnet?.nsg === nsg);
  if (nics.length > 0) return [...new Map(nics.map((nic) => [tagPlace(nic), nic])).values()];
  const subnets = network.subnets.filter((subnet) => subnet.nsg === nsg);
  if (subnets.length === 0) return [nicWithout(nsg, undefined)];
  const inSubnets = subnets.map((subnet) => nicWithout(nsg, subnet));
  return [...new Map(inSubnets.map((nic) => [tagPlace(nic), nic])).values()];
}

function nicWithout(nsg: Nsg, subnet: Subnet | undefined): Nic {
  return {
    id: nsg.id,
    name: nsg.name,
    mac: '',
    addresses: [],
    subnet,
    nsg: subnet?.nsg === nsg ? undefined : nsg,
    applicationSecurityGroups: [],
    isPublished: false,
  };
}
