import type { Command } from 'commander';
import type { RuleHits } from '../../advise/rule-hits.ts';
import { ruleHits } from '../../advise/rule-hits.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { ruleRow } from '../../nsg/effective-rules.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, findNsg, requireNetwork } from '../options/network.ts';
import type { Result } from '../output/result.ts';
import { resultOf } from '../output/output.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { tell } from '../output/printable.ts';
import { withEngine } from '../question/open-engine.ts';
import type { AskOptions } from '../question/question.ts';
import { addSource, addTimes, readRange } from '../question/question.ts';

/** Rules named that the network does not have; the rest are counted. */
const unknownShown = 3;

export function define(command: Command): void {
  command.argument('[nsg]', 'name or id of an NSG; all without it');
  addNetwork(command);
  addSource(command);
  addTimes(command);
  addOutput(command);
  command.addHelpText(
    'after',
    `
Hits are conversations that the rule decided, at either end. Rules without a hit are listed, too, as are the default rules.

Examples:
  nsgflow rules list --network network.json --lake ./lake
  nsgflow rules list nsg-web --since 7d --network network.json --lake ./lake
`,
  );
  command.action(async (name: string | undefined, options: NetworkOptions & AskOptions) => {
    const format = formatOf(options);
    const range = readRange(options);
    const network = await requireNetwork(options);
    const nsgs = name === undefined ? network.nsgs : [findNsg(network, name)];
    await withEngine(options, async (engine) => {
      const { rules, unknown } = await ruleHits(nsgs, engine, range);
      await print(resultOfHits(rules, nsgs.length > 1, format === 'table' || format === 'md'), format);
      const names = nsgs.map((nsg) => nsg.name.toLowerCase());
      const twice = nsgs.find((nsg, i) => names.indexOf(nsg.name.toLowerCase()) !== i);
      if (twice !== undefined)
        tell(`note: two NSGs have the name ${twice.name}; logs have only the name, so both show the hits of both`);
      if (unknown.length > 0) {
        const more = unknown.length > unknownShown ? ' …' : '';
        tell(
          `note: ${formatCountOf(unknown.length, 'rule')} of the logs not in the network: ${unknown.slice(0, unknownShown).join(', ')}${more}`,
        );
      }
    });
  });
}

/** For people without the conditions, which `nsg show` has. */
function resultOfHits(rules: readonly RuleHits[], hasSeveral: boolean, isForPeople: boolean): Result {
  const rows = rules.map(({ nsg, rule, hits, bytes, lastHit }) => {
    const { direction, priority, name, access, ...row } = ruleRow(rule);
    const conditions = {
      protocol: row.protocol,
      source: row.source,
      source_ports: row.sourcePorts,
      destination: row.destination,
      destination_ports: row.destinationPorts,
      kind: row.kind,
    };
    return {
      ...(hasSeveral || !isForPeople ? { nsg: nsg.name } : {}),
      direction,
      priority,
      rule: name,
      access,
      ...(isForPeople ? {} : conditions),
      hits,
      bytes,
      last_hit: lastHit,
    };
  });
  const { columns, chunks } = resultOf(rows, Object.keys(rows[0] ?? {}));
  const kinds: Readonly<Record<string, Result['columns'][number]['kind']>> = { bytes: 'number', last_hit: 'time' };
  return {
    keep: ['nsg', 'direction', 'hits'],
    columns: columns.map(({ name, kind }) => ({ name, kind: kinds[name] ?? kind })),
    chunks,
  };
}
