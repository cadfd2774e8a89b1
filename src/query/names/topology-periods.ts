/** What inventories and the resources of a lake say of the topology, in periods as for names. */
import type { Dated } from '../../enrich/dated.ts';
import { dateOfFile, datesOf, heldAt } from '../../enrich/dated.ts';
import type { InventoryResource } from '../../enrich/inventory/fields.ts';
import { filesAt } from '../../enrich/inventory/read-inventory.ts';
import { resourcesIn } from '../../enrich/inventory/resource.ts';
import type { TopologyRow } from '../../enrich/inventory/topology.ts';
import { topologyRows } from '../../enrich/inventory/topology.ts';
import type { NameFiles } from '../../enrich/names.ts';
import { parseNamesJson, readNamesFileSync } from '../../enrich/read-file.ts';
import type { TopologyPeriod } from '../traffic-analytics/topology-rows.ts';
import { resourceSnapshots } from './resource-snapshots.ts';

/** Rows that have been read, by the paths that they are from. */
export type KnownTopology = Map<string, readonly TopologyRow[]>;

/**
 * Periods in the order of their times, the user's inventories before the lake's resources. CSV has no resources, and is left out. Files are read at the first
 * use of a period. @throws not-found, permission, io
 */
export async function topologyPeriods(
  lake: string | undefined,
  files: NameFiles,
  known: KnownTopology = new Map(),
): Promise<TopologyPeriod[]> {
  const paths = await Promise.all((files.inventory ?? []).map(filesOfOne));
  const kept = lake === undefined ? [] : await resourceSnapshots(lake);
  const own: readonly Dated<string>[] = paths.flat();
  const resources: readonly Dated<string>[] = kept.map(({ path, fromMillis }) => ({ fromMillis, value: path }));
  if (own.length + resources.length === 0) return [];
  const changes = [own, resources].flatMap((all) => datesOf(all).slice(1));
  return [...new Set([-Infinity, ...changes])]
    .sort((a, b) => a - b)
    .map((fromMillis) => {
      const held = [...heldAt(own, fromMillis), ...heldAt(resources, fromMillis)];
      const key = held.join('\n');
      return {
        fromMillis,
        rows: () => {
          const rows = known.get(key) ?? topologyRows(held.flatMap(resourcesAt));
          known.set(key, rows);
          return rows;
        },
      };
    });
}

async function filesOfOne(path: string): Promise<Dated<string>[]> {
  const found = await filesAt(path);
  return found
    .filter((one) => !/\.(?:csv|tsv|txt)$/i.test(one))
    .map((value) => ({ fromMillis: dateOfFile(path), value }));
}

function resourcesAt(path: string): InventoryResource[] {
  return resourcesIn(parseNamesJson(readNamesFileSync(path), path), path);
}
