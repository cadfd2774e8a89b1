/**
 * A user's table: CSV with a heading. One column is the key, all others become columns of both sides. Keys are addresses, prefixes and ranges; or resources
 * of the inventory by name or id: `vm`, `nic`, `subnet`, `vnet`, `nsg`, `resource_group`, `subscription`.
 */
import { FlowError } from '../base/errors.ts';
import type { Address } from '../net/address.ts';
import { columnName, readCsv } from './csv.ts';
import type { AddressAttribute, AddressNames } from './attribute.ts';
import { prefixesOfText } from './prefix-text.ts';
import { PrefixTable } from './prefix-table.ts';

export interface OwnTable {
  readonly attributes: readonly AddressAttribute[];
  /** @param names what other sources say of the address */
  look(address: Address, names: AddressNames): AddressNames | undefined;
}

const addressKeys: readonly string[] = ['address', 'ip', 'ip_address', 'prefix', 'cidr', 'network', 'range'];
/** Headings of resources, and the attributes that they may equal. */
const resourceKeys: Readonly<Record<string, readonly string[]>> = {
  resource: [
    'vm_id',
    'nic_id',
    'subnet_id',
    'vnet_id',
    'vm',
    'nic',
    'subnet',
    'vnet',
    'load_balancer',
    'application_gateway',
    'private_endpoint',
  ],
  vm: ['vm', 'vm_id'],
  nic: ['nic', 'nic_id'],
  subnet: ['subnet', 'subnet_id'],
  vnet: ['vnet', 'vnet_id'],
  nsg: ['nsg'],
  resource_group: ['resource_group'],
  subscription: ['subscription'],
};

/** @throws names-invalid */
export function readOwnTable(text: string, path: string): OwnTable {
  const [heading, ...rows] = readCsv(text, path);
  if (heading === undefined) throw new FlowError('names-invalid', `${path} is empty: a line of headings is wanted`);
  const names = heading.cells.map(columnName);
  const at = names.findIndex((name) => addressKeys.includes(name) || Object.hasOwn(resourceKeys, name));
  if (at < 0)
    throw new FlowError(
      'names-invalid',
      `${path}:${heading.line}: no column is a key: one of address, prefix, ${Object.keys(resourceKeys).join(', ')}`,
    );
  const columns = names.flatMap((name, i) => (i === at ? [] : [{ name, i }]));
  for (const { name, i } of columns)
    if (!/^[a-z][a-z\d_]{0,50}$/.test(name) || names.indexOf(name) !== i || reserved.has(name))
      throw new FlowError(
        'names-invalid',
        `${path}:${heading.line}: ${JSON.stringify(heading.cells[i])} cannot be a column: it is empty, a field of flows, or there twice`,
      );
  const attributes = columns.map(({ name, i }): AddressAttribute => ({
    name,
    label: heading.cells[i],
    meaning: `From ${path}.`,
  }));
  const entries = rows.map((row) => {
    const values = columns.flatMap(({ name, i }) => (row.cells[i] ? [[name, row.cells[i]] as const] : []));
    return { ...row, key: row.cells[at] ?? '', values: Object.fromEntries(values) };
  });
  const resources = resourceKeys[names[at]];
  if (resources !== undefined) {
    const byKey = new Map(entries.map(({ key, values }) => [key.toLowerCase(), values]));
    return {
      attributes,
      look: (_, known) => {
        for (const name of resources) {
          const found = byKey.get(known[name]?.toLowerCase() ?? '');
          if (found !== undefined && known[name] !== undefined) return found;
        }
        return undefined;
      },
    };
  }
  const table = new PrefixTable(
    entries.flatMap(({ line, key, values }) => {
      const prefixes = prefixesOfText(key);
      if (prefixes === undefined)
        throw new FlowError(
          'names-invalid',
          `${path}:${line}: ${JSON.stringify(key.slice(0, 60))} is no address, prefix or range`,
        );
      return prefixes.map((prefix) => [prefix, values] as const);
    }),
  );
  // Of equal prefixes, the first row holds.
  return { attributes, look: (address) => table.find(address)?.values[0] };
}

/** What `src.` and `dst.` have besides names. */
const reserved: ReadonlySet<string> = new Set([
  'ip',
  'port',
  'address',
  'period',
  'time',
  'ipv6_high',
  'ipv6_low',
  'ipv4',
]);
