/**
 * The table of what names say of an address. An entry gives a column, a filter field and a group of either side (`src.country`, `dst.country`) and of
 * both (`country`): query/names/columns.ts. All values are texts; null where nothing is known.
 */
export interface AddressAttribute {
  /** A lower-case word: the column is `src_` or `dst_` and this. */
  readonly name: string;
  readonly label: string;
  /** For the documents: "The country of an address, …" */
  readonly meaning: string;
  /** All values, where they are few. */
  readonly values?: readonly string[];
  /** Whether a value is a list, with `, ` between its members: a filter tests whether it has a member. */
  readonly isList?: true;
}

/** By name of an attribute; what is not known is absent. */
export type AddressNames = Readonly<Record<string, string | undefined>>;

export const continents = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

/** Where an address lies, for types of flows. */
export const places = ['vnet', 'client', 'site', 'malicious', 'azure', 'public', 'private'] as const;

export const listSeparator = ', ';

const known: AddressAttribute[] = [
  {
    name: 'country',
    label: 'Country',
    meaning: 'Country of a public address: two letters of ISO 3166. From the packed file or `--geo`.',
  },
  {
    name: 'continent',
    label: 'Continent',
    meaning: 'Continent of a public address; NA is North America.',
    values: continents,
  },
  { name: 'city', label: 'City', meaning: 'City of a public address. From `--geo`.' },
  { name: 'asn', label: 'AS number', meaning: 'Number of the autonomous system, without `AS`. From `--geo`.' },
  { name: 'organization', label: 'Organization', meaning: 'Who runs the autonomous system. From `--geo`.' },
  {
    name: 'tag',
    label: 'Service tag',
    meaning: 'Service tags that list the longest prefix around the address. From `--tags`, but for platform addresses.',
    isList: true,
  },
  {
    name: 'tags',
    label: 'Service tags',
    meaning: 'All service tags that hold the address, those of longer prefixes first.',
    isList: true,
  },
  { name: 'service', label: 'Azure service', meaning: 'System service of the first tag that has one: `AzureStorage`.' },
  {
    name: 'region',
    label: 'Region',
    meaning: 'Azure region: of the resource in the inventory, else of the first service tag that has one.',
  },
  {
    name: 'place',
    label: 'Place',
    meaning:
      'Where it lies: in a VNet, VPN clients or a site of the inventory; on a list of threats; in Azure by its tags; elsewhere public; or private and unknown.',
    values: places,
  },
  {
    name: 'vm',
    label: 'VM',
    meaning: 'Virtual machine, or instance of a scale set. From `--inventory`, as all below.',
  },
  { name: 'nic', label: 'NIC', meaning: 'Network interface.' },
  { name: 'subnet', label: 'Subnet', meaning: 'Subnet, also of addresses that no resource has.' },
  { name: 'vnet', label: 'VNet', meaning: 'Virtual network, also of addresses that no resource has.' },
  {
    name: 'nsg',
    label: 'NSG of the address',
    meaning: 'NSG of the NIC, else of the subnet; `nsg` alone is that of the log.',
  },
  {
    name: 'load_balancer',
    label: 'Load balancer',
    meaning: 'Load balancer of which it is a frontend, or whose backend it is.',
  },
  {
    name: 'application_gateway',
    label: 'Application gateway',
    meaning: 'Application gateway of which it is a frontend or instance.',
  },
  { name: 'private_endpoint', label: 'Private endpoint', meaning: 'Private endpoint of the NIC.' },
  {
    name: 'asg',
    label: 'Application security groups',
    meaning: 'Application security groups of the NIC.',
    isList: true,
  },
  {
    name: 'resource_group',
    label: 'Resource group',
    meaning: 'Resource group of the VM, else of the NIC, else of the VNet.',
  },
  { name: 'subscription', label: 'Subscription', meaning: 'Subscription of the same resource.' },
  {
    name: 'azure_tags',
    label: 'Azure tags',
    meaning: 'Tags of the VM and the NIC: `env=prod, owner=team-a`.',
    isList: true,
  },
  { name: 'nic_id', label: 'NIC id', meaning: 'Resource id of the NIC.' },
  { name: 'vm_id', label: 'VM id', meaning: 'Resource id of the VM.' },
  { name: 'subnet_id', label: 'Subnet id', meaning: 'Resource id of the subnet.' },
  { name: 'vnet_id', label: 'VNet id', meaning: 'Resource id of the VNet.' },
  { name: 'threat', label: 'Threat lists', meaning: 'Lists of `--threats` that have the address.', isList: true },
  {
    name: 'threat_type',
    label: 'Threat type',
    meaning: 'Types that these lists give, such as `Botnet`.',
    isList: true,
  },
  { name: 'threat_description', label: 'Threat description', meaning: 'What these lists say of it.' },
  { name: 'threat_date', label: 'Date of the threat list', meaning: 'Dates of these lists.', isList: true },
];

/** Further ones are those of a user's tables (`--names`). */
export const addressAttributes: readonly AddressAttribute[] = known;

/** Adds what a user's table has; one that is known already is not added. @returns those that are new */
export function addAttributes(attributes: readonly AddressAttribute[]): readonly AddressAttribute[] {
  const added = attributes.filter(({ name }) => !known.some((one) => one.name === name));
  known.push(...added);
  return added;
}
