import { type Command, Option } from 'commander';
import type { ChangedBox, WhatIf } from '../../analyze/what-if.ts';
import { whatIf } from '../../analyze/what-if.ts';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { formatPrefix } from '../../net/prefix.ts';
import type { Family } from '../../net/address.ts';
import type { AddressRange } from '../../nsg/address-ranges.ts';
import { allAddresses, familyEnd, prefixesOfRanges, subtractRanges } from '../../nsg/address-ranges.ts';
import type { Decision } from '../../nsg/evaluate.ts';
import type { ChangeKind } from '../../nsg/header-space/compare.ts';
import { changeKinds } from '../../nsg/header-space/compare.ts';
import { headersOf, volumeRow } from '../../nsg/header-space/volume.ts';
import type { Network } from '../../nsg/network.ts';
import type { Direction } from '../../nsg/rule.ts';
import { portCount } from '../../nsg/rule.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, requireNetwork } from '../options/network.ts';
import { collect, parseWhole } from '../options/options.ts';
import { resultOf } from '../output/output.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print, printObject } from '../output/print.ts';
import { tell } from '../output/printable.ts';

interface WhatIfOptions extends NetworkOptions, OutputOptions {
  readonly base?: readonly string[];
  readonly direction?: Direction;
  readonly nic?: string;
  readonly nsg?: string;
  readonly limit: string;
  readonly failOn?: string;
}

const failures: Readonly<Record<string, readonly ChangeKind[]>> = {
  'new-allow': ['newly_allowed'],
  'new-deny': ['newly_denied'],
  any: changeKinds,
};

export function define(command: Command): void {
  addNetwork(command);
  command
    .option('--base <file>', 'the network as it is now; may be repeated. --network is the changed one', collect)
    .addOption(new Option('--direction <direction>', 'packets of this direction only').choices(['inbound', 'outbound']))
    .option('--nic <name>', 'only this NIC, with its whole chain of rules')
    .option('--nsg <name>', 'only this NSG, by itself')
    .option('-n, --limit <n>', 'boxes of each kind at the most; numbers of packets are always exact', '100')
    .option('--fail-on <changes>', `exit code 1 if there is one: ${Object.keys(failures).join(', ')}, with commas`);
  addOutput(command);
  command.addHelpText(
    'after',
    `
Compares the rules that each NIC meets before and after a change: which packets are newly allowed, newly denied, or decided by another rule.

Examples:
  nsgflow whatif --network network.json --base network.json
  nsgflow whatif --network network.json --base network.json --nic nic-web-1 --direction inbound --fail-on new-allow
`,
  );
  command.action(async (options: WhatIfOptions) => {
    const format = formatOf(options);
    const failOn = readFailOn(options.failOn);
    const boxesMost = parseWhole('--limit', options.limit, 0, 100_000);
    if (options.nic !== undefined && options.nsg !== undefined)
      throw new FlowError('usage', 'give one of --nic and --nsg');
    if (options.base === undefined)
      throw new FlowError('usage', 'name the network as it is now: --base FILE', {
        hint: '--network is the network after the change.',
      });
    const after = await requireNetwork(options);
    const before = await requireNetwork({ ...options, network: options.base });
    const name = options.nic ?? options.nsg;
    const found = whatIf(before, after, {
      directions: options.direction === undefined ? ['inbound', 'outbound'] : [options.direction],
      boxesMost,
      ...(name === undefined ? {} : { only: { kind: options.nic === undefined ? 'nsg' : 'nic', name } as const }),
    });
    checkCompared(found, name, before);
    const rows = changeKinds.flatMap((kind) => found.boxes[kind].map((changed) => rowOf(kind, changed)));
    if (format === 'json' || format === 'jsonl' || format === 'yaml')
      await printObject(valueOf(found), resultOf(rows, columnNames), format);
    else
      await print({ ...resultOf(rows, shownNames(rows)), keep: ['change', 'direction'] }, format, {
        below: () => [summaryOf(found)],
      });
    if (changeKinds.some((kind) => failOn.has(kind) && headersOf(found.volumes[kind]) > 0n)) process.exitCode = 1;
  });
}

/** @throws not-found where nothing could be compared */
function checkCompared({ places, onlyBefore, onlyAfter }: WhatIf, name: string | undefined, before: Network): void {
  if (places === 0 && name !== undefined)
    throw new FlowError('not-found', `no NIC or NSG ${JSON.stringify(name)} is in both networks`, {
      hint: `--base has ${[...before.nics, ...before.nsgs].map((known) => known.name).join(', ') || 'none'}.`,
    });
  if (onlyBefore.length > 0) tell(`note: gone with the change, not compared: ${onlyBefore.join(', ')}`);
  if (onlyAfter.length > 0) tell(`note: new with the change, not compared: ${onlyAfter.join(', ')}`);
}

const changeWords: Readonly<Record<ChangeKind, string>> = {
  newly_allowed: 'opens',
  newly_denied: 'closes',
  rule_changed: 'other rule',
};

const changeSentences: Readonly<Record<ChangeKind, string>> = {
  newly_allowed: 'packets are newly allowed',
  newly_denied: 'packets are newly denied',
  rule_changed: 'packets meet another rule',
};

const columnNames = ['change', 'at', 'direction', 'protocol', 'src', 'sport', 'dst', 'dport', 'before', 'after'];

/** Source ports only where a box has some of them. */
function shownNames(rows: readonly Record<string, unknown>[]): string[] {
  const hasSourcePorts = rows.some(({ sport }) => sport !== '*' && sport !== '0');
  return columnNames.filter((name) => name !== 'sport' || hasSourcePorts);
}

function rowOf(kind: ChangeKind, changed: ChangedBox): Record<string, unknown> {
  const { protocol, sport, dport } = boxValue(changed);
  const { box, family } = changed;
  const ports = (texts: string[]): string => (texts.join() === allPorts ? '*' : texts.join(', '));
  return {
    change: changeWords[kind],
    at: changed.places.map(({ name }) => name).join(', '),
    direction: changed.direction,
    protocol,
    src: addressSetText(box.src, family),
    sport: ports(sport),
    dst: addressSetText(box.dst, family),
    dport: ports(dport),
    before: decisionText(changed.change.before),
    after: decisionText(changed.change.after),
  };
}

function decisionText({ access, rule }: Decision): string {
  return rule === undefined ? `${access} (no rule)` : `${access} ${rule.name}`;
}

function valueOf(found: WhatIf): Record<string, unknown> {
  const changes = changeKinds.map((kind) => [
    kind,
    {
      volume: volumeRow(found.volumes[kind]),
      boxes: found.boxes[kind].flatMap((changed) =>
        changed.places.map((place) => ({
          [place.kind]: place.name,
          direction: changed.direction,
          ...boxValue(changed),
          headers: String(changed.headers),
          before: decisionValue(changed.change.before),
          after: decisionValue(changed.change.after),
        })),
      ),
      boxes_cut: found.isCut[kind],
    },
  ]);
  return {
    ...(Object.fromEntries(changes) as Record<string, unknown>),
    counts: null,
    compared: found.places,
    only_before: found.onlyBefore,
    only_after: found.onlyAfter,
  };
}

function decisionValue({ access, nsg, rule }: Decision): Record<string, unknown> {
  return { access, nsg: nsg?.name ?? null, rule: rule?.name ?? null };
}

interface BoxValue {
  readonly protocol: string;
  readonly src: string[];
  readonly sport: string[];
  readonly dst: string[];
  readonly dport: string[];
}

function boxValue({ box, protocol, family }: ChangedBox): BoxValue {
  return {
    protocol,
    src: addressTexts(box.src, family),
    sport: portTexts(box.sport),
    dst: addressTexts(box.dst, family),
    dport: portTexts(box.dport),
  };
}

function addressTexts(ranges: readonly AddressRange[], family: Family): string[] {
  const isAll = ranges.length === 1 && ranges[0].start === 0n && ranges[0].end === familyEnd(family);
  if (isAll) return [family === 4 ? '0.0.0.0/0' : '::/0'];
  return prefixesOfRanges(ranges, family).map(formatPrefix);
}

/** Prefixes that a table shows of a set; `-o json` has all. */
const prefixesShown = 4;

/** For people: the set, or what is not in it where that is shorter. */
function addressSetText(ranges: readonly AddressRange[], family: Family): string {
  const own = addressTexts(ranges, family);
  const others = addressTexts(subtractRanges(allAddresses(family), ranges), family);
  const isShorter = others.length > 0 && others.length < own.length;
  const shown = isShorter ? others : own;
  const more = shown.length > prefixesShown ? ` and ${shown.length - prefixesShown} more` : '';
  return `${isShorter ? 'not ' : ''}${shown.slice(0, prefixesShown).join(', ')}${more}`;
}

const allPorts = `0-${portCount - 1}`;

function portTexts(ranges: readonly AddressRange[]): string[] {
  return ranges.map(({ start, end }) => (end === start + 1n ? `${start}` : `${start}-${end - 1n}`));
}

function summaryOf({ places, volumes, isCut }: WhatIf): string {
  const changed = changeKinds.filter((kind) => headersOf(volumes[kind]) > 0n);
  const what =
    changed.length === 0 ? 'no packet is decided differently' : changed.map((kind) => changeSentences[kind]).join(', ');
  const cut = changeKinds.some((kind) => isCut[kind]) ? '; only the largest boxes are shown (--limit)' : '';
  return `${formatCountOf(places, 'place')} compared: ${what}${cut}`;
}

/** @throws usage */
function readFailOn(text: string | undefined): Set<ChangeKind> {
  if (text === undefined) return new Set();
  return new Set(
    text.split(',').flatMap((part) => {
      const name = part.trim();
      if (Object.hasOwn(failures, name)) return failures[name];
      throw new FlowError('usage', `--fail-on ${JSON.stringify(name)} is no change`, {
        hint: `One or more of ${Object.keys(failures).join(', ')}.`,
      });
    }),
  );
}
