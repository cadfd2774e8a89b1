/** Options that name files of names for addresses, for every command that asks. */
import type { Command } from 'commander';
import { namesOfLake } from '../../query/names/lake-names.ts';
import type { NameFiles, NameSource } from '../../enrich/names.ts';
import { collect } from './options.ts';

export interface NameOptions {
  readonly geo?: readonly string[];
  readonly tags?: readonly string[];
  readonly inventory?: readonly string[];
  readonly threats?: readonly string[];
  readonly names?: readonly string[];
  readonly application?: readonly string[];
}

/** Their long names: settings of all commands, too. */
export const nameSettings: readonly string[] = ['geo', 'tags', 'inventory', 'threats', 'names', 'application'];

export function addNames(command: Command): void {
  command
    .option('--geo <file>', 'countries, cities, networks: MMDB or CSV; may be repeated', collect)
    .option('--tags <file>', 'ServiceTags JSON; may be repeated (docs/tasks/names.md)', collect)
    .option('--inventory <file>', 'NICs and VNets: az output, export, Terraform state, CSV; may be repeated', collect)
    .option('--threats <file>', 'list of addresses and prefixes; may be repeated', collect)
    .option('--names <file>', 'CSV by address, prefix or resource: its columns are fields; may be repeated', collect)
    .option('--application <port=name>', 'name of a port: 8443=admin, udp/4000=game; may be repeated', collect);
}

/** Names that are opened if a question asks for them. */
export function namesOf(options: NameOptions, lake: string | undefined): NameSource {
  return namesOfLake(lake, nameFiles(options));
}

export function nameFiles({
  geo,
  tags,
  inventory,
  threats,
  names: tables,
  application: applications,
}: NameOptions): NameFiles {
  return { geo, tags, inventory, threats, tables, applications };
}
