/** Inventories from files: JSON of Azure, state of Terraform, CSV; or a folder with any of them. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../../base/errors.ts';
import { parseNamesJson, readNamesFile } from '../read-file.ts';
import { readInventoryCsv } from './inventory-csv.ts';
import type { Inventory } from './inventory.ts';
import { entriesOf, inventoryOf } from './inventory.ts';
import { resourcesIn } from './resource.ts';

/** One inventory of all these files: resources of one refer to those of another. @throws names-invalid, network-invalid, not-found, permission, io */
export async function readInventory(paths: readonly string[]): Promise<Inventory> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const resources = [];
  const entries = [];
  for (const path of files) {
    const text = await readNamesFile(path);
    if (/\.(?:csv|tsv|txt)$/i.test(path)) entries.push(...readInventoryCsv(text, path));
    else resources.push(...resourcesIn(parseNamesJson(text, path), path));
  }
  const inventory = inventoryOf([...entries, ...entriesOf(resources)]);
  if (inventory.count === 0)
    throw new FlowError(
      'names-invalid',
      `${paths.join(', ')}: no NIC, VNet, subnet, gateway or public address with an address`,
    );
  return inventory;
}

/** The file, or those of the folder. @throws not-found, permission, io */
export async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const found = await readdir(path, { recursive: true });
    return found
      .filter((name) => /\.(?:json|tfstate|csv)$/i.test(name) && !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
}
