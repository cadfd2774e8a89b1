/** An inventory as CSV: one row for each NIC, or for each prefix. Headings are attributes: `address, vm, nic, subnet, vnet, resource_group, …`. */
import { FlowError } from '../../base/errors.ts';
import { addressAttributes, listSeparator } from '../attribute.ts';
import { columnName, readCsv } from '../csv.ts';
import { prefixesOfText } from '../prefix-text.ts';
import type { InventoryEntry } from './inventory.ts';

const addressHeadings: readonly string[] = [
  'address',
  'addresses',
  'ip',
  'ip_address',
  'private_ip',
  'private_ip_address',
  'prefix',
  'cidr',
];
/** What people write for names of attributes. */
const otherNames: Readonly<Record<string, string>> = {
  name: 'vm',
  virtual_machine: 'vm',
  network_interface: 'nic',
  virtual_network: 'vnet',
  network_security_group: 'nsg',
  location: 'region',
  subscription_id: 'subscription',
  tags: 'azure_tags',
  application_security_groups: 'asg',
};

/** @throws names-invalid */
export function readInventoryCsv(text: string, path: string): InventoryEntry[] {
  const [heading, ...rows] = readCsv(text, path);
  if (heading === undefined) throw new FlowError('names-invalid', `${path} is empty: a line of headings is wanted`);
  const names = heading.cells.map(columnName);
  const at = names.findIndex((name) => addressHeadings.includes(name));
  if (at < 0)
    throw new FlowError(
      'names-invalid',
      `${path}:${heading.line}: no column is an address: ${addressHeadings.join(', ')}`,
    );
  const columns = names.map((name) => (Object.hasOwn(otherNames, name) ? otherNames[name] : name));
  const unknown = columns.findIndex((name, i) => i !== at && !addressAttributes.some((one) => one.name === name));
  if (unknown >= 0)
    throw new FlowError(
      'names-invalid',
      `${path}:${heading.line}: ${JSON.stringify(heading.cells[unknown])} is no attribute of an inventory`,
      {
        hint: 'A table with columns of your own is given by --names.',
      },
    );
  return rows.flatMap(({ line, cells }) => {
    const values = columns.flatMap((name, i): [string, string][] => {
      const cell = cells[i] ?? '';
      if (i === at || cell === '') return [];
      const isList = addressAttributes.some((one) => one.name === name && one.isList === true);
      return [[name, isList ? cell.split(/\s*[;,]\s*/).join(listSeparator) : cell]];
    });
    const known = Object.fromEntries(values);
    const place =
      known['vnet'] === undefined && known['vnet_id'] === undefined && known['vm'] === undefined
        ? {}
        : { place: 'vnet' };
    return (cells[at] ?? '')
      .split(/[\s;]+/)
      .filter((one) => one !== '')
      .flatMap((one) => {
        const prefixes = prefixesOfText(one);
        if (prefixes === undefined)
          throw new FlowError(
            'names-invalid',
            `${path}:${line}: ${JSON.stringify(one.slice(0, 60))} is no address, prefix or range`,
          );
        return prefixes.map((prefix): InventoryEntry => [prefix, { ...place, ...known }]);
      });
  });
}
