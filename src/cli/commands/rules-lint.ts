import { type Command, Option } from 'commander';
import type { LintedRule } from '../../analyze/lint-rules.ts';
import { lintRules } from '../../analyze/lint-rules.ts';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import type { FiveTuple } from '../../net/five-tuple.ts';
import { formatAddress } from '../../net/address.ts';
import { formatProtocol } from '../../net/protocol.ts';
import { volumeRow } from '../../nsg/header-space/volume.ts';
import type { Direction, Rule } from '../../nsg/rule.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, findNsg, requireNetwork } from '../options/network.ts';
import { resultOf } from '../output/output.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';

interface LintOptions extends NetworkOptions, OutputOptions {
  readonly direction?: Direction;
  readonly failOn?: string;
}

const findings = ['empty', 'shadowed', 'covered', 'redundant'] as const;

export function define(command: Command): void {
  command.argument('[nsg]', 'name or id of an NSG; all without it');
  addNetwork(command);
  command
    .addOption(new Option('--direction <direction>', 'rules of this direction only').choices(['inbound', 'outbound']))
    .option(
      '--fail-on <findings>',
      `exit code 1 if a rule has one of these: any, or ${findings.join(', ')} with commas`,
    );
  addOutput(command);
  command.addHelpText(
    'after',
    `
Findings:
  empty        the rule matches no packet
  shadowed     earlier rules take all its packets, one with the other access
  covered      earlier rules of the same access take all of its packets
  redundant    without the rule, every packet has the same access

Examples:
  nsgflow rules lint --network network.json
  nsgflow rules lint nsg-web --network network.json --fail-on shadowed,covered
`,
  );
  command.action(async (name: string | undefined, options: LintOptions) => {
    const format = formatOf(options);
    const failOn = readFailOn(options.failOn);
    const network = await requireNetwork(options);
    const nsgs = name === undefined ? network.nsgs : [findNsg(network, name)];
    const directions = options.direction === undefined ? (['inbound', 'outbound'] as const) : [options.direction];
    const linted = nsgs.flatMap((nsg) => directions.flatMap((direction) => lintRules(network, nsg, direction)));
    const found = linted.filter(({ finding }) => finding !== undefined);
    const isForPeople = format === 'table' || format === 'md';
    const shown = isForPeople
      ? linted.filter(({ finding, partlyShadowedBy }) => finding !== undefined || partlyShadowedBy.length > 0)
      : linted;
    const result = resultOf(shown.map(isForPeople ? rowOf : valueOf), isForPeople ? columnNames : valueNames);
    await print({ ...result, keep: ['nsg', 'direction'] }, format, {
      below: () => [
        `${formatCountOf(linted.length, 'rule')} of ${formatCountOf(nsgs.length, 'NSG')}, ${formatCountOf(found.length, 'finding')}`,
      ],
    });
    if (found.some(({ finding }) => finding !== undefined && failOn.has(finding))) process.exitCode = 1;
  });
}

const columnNames = ['nsg', 'direction', 'priority', 'rule', 'access', 'finding', 'by'];
const valueNames = [
  'nsg',
  'direction',
  'priority',
  'rule',
  'access',
  'finding',
  'by',
  'partly_shadowed_by',
  'instead',
  'effective',
  'witness',
];

/** For people: rules with a finding, and those that lose packets to rules of the other access. */
function rowOf(linted: LintedRule): Record<string, unknown> {
  const { nsg, rule, finding, by, partlyShadowedBy, instead } = linted;
  const rules = finding === undefined ? partlyShadowedBy : finding === 'redundant' ? instead : by;
  return {
    nsg: nsg.name,
    direction: rule.direction,
    priority: rule.priority,
    rule: rule.name,
    access: rule.access,
    finding: finding ?? 'partly shadowed',
    by: namesOf(rules).join(', '),
  };
}

function valueOf(linted: LintedRule): Record<string, unknown> {
  const { nsg, rule, finding, by, partlyShadowedBy, instead, effective, witness } = linted;
  return {
    nsg: nsg.name,
    direction: rule.direction,
    priority: rule.priority,
    rule: rule.name,
    access: rule.access,
    finding: finding ?? null,
    by: namesOf(by),
    partly_shadowed_by: namesOf(partlyShadowedBy),
    instead: namesOf(instead),
    effective: volumeRow(effective),
    witness: witness === undefined ? null : headerValue(witness),
  };
}

function namesOf(rules: readonly Rule[]): string[] {
  return rules.map(({ name }) => name);
}

function headerValue({
  protocol,
  source,
  sourcePort,
  destination,
  destinationPort,
}: FiveTuple): Record<string, unknown> {
  return {
    protocol: formatProtocol(protocol),
    src: formatAddress(source),
    sport: sourcePort,
    dst: formatAddress(destination),
    dport: destinationPort,
  };
}

/** @throws usage */
function readFailOn(text: string | undefined): Set<string> {
  if (text === undefined) return new Set();
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => name !== 'any' && !findings.some((known) => known === name));
  if (unknown !== undefined)
    throw new FlowError('usage', `--fail-on ${JSON.stringify(unknown)} is no finding`, {
      hint: `One or more of ${findings.join(', ')}, or any.`,
    });
  return new Set(names.includes('any') ? findings : names);
}
