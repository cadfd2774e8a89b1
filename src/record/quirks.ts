/**
 * What Azure is not known to do one way only, each as a setting with a name. The command line and docs/quirks.md come from this one table; a test
 * holds the document against it. Source of each: its own line; sections are those of the facts.
 */
import { FlowError } from '../base/errors.ts';
import { encryptionNames } from '../flowlog/tuple.ts';

interface Quirk {
  /** The first is the default. */
  readonly values: readonly [string, ...string[]];
  /** What changes in the logs. */
  readonly effect: string;
  readonly source: string;
}

const encryptionStates = encryptionNames.filter((name) => name !== '');

export const quirkTable = {
  statelessInboundTcp: {
    values: ['off', 'on'],
    effect:
      'With `on`, NSG logs hold the begin of inbound TCP flows that a user-defined rule allows, and neither continuing nor end, while the VNet has no `flowTimeoutInMinutes`. VNet logs hold all.',
    source:
      'The overview of NSG flow logs: such rules are implemented without state, and bytes and packets are not recorded; a VNet with a flow timeout is not concerned (1.4). What exactly is written is not documented.',
  },
  udpCounters: {
    values: ['counted', 'zero'],
    effect: 'With `zero`, continuing and end tuples of UDP in NSG version 2 logs have `0,0,0,0`.',
    source: 'The overview counts TCP and UDP (1.2); twelve UDP tuples of a real blob have zeros (1.6).',
  },
  byteLength: {
    values: ['ip', 'frame'],
    effect: 'With `frame`, bytes hold 14 more for each packet, the Ethernet header.',
    source:
      "The overview's example `E,1,66,1,66`, and a pair of VNet tuples that differ by 108 = 2 x 54 (1.6). Inferred.",
  },
  vnetPath: {
    values: ['short', 'long'],
    effect:
      'Folder of VNet blobs: `flowLogResourceID=/{subscription}_{group}/{watcher}_{flow log}`, or with `long` the ARM id of the flow log.',
    source: 'Real accounts and one Microsoft script have the short form, two tabs of one article the long one (2.1).',
  },
  snatInbound: {
    values: ['logged', 'left-out'],
    effect:
      'With `left-out`, inbound flows from the Internet at a NIC with no public address and no load balancer are not in the logs.',
    source: 'Attempts at the ports of default outbound access are logged although they are not delivered (1.5).',
  },
  loadBalancing: {
    values: ['hash', 'off'],
    effect:
      'With `hash`, a packet to or from a port that several backends of a load balancer share counts at one of them: a hash of the five-tuple picks it, or of the addresses, or of these and the protocol, as `loadDistribution` of the rule says. With `off` it is at no backend: refused as `no-nic` where its other end is no NIC either.',
    source:
      "Load Balancer's distribution modes are documented, the hash function is not: which backend Azure would pick is not known, nor is its health.",
  },
  nameTruncation: {
    values: ['off', 'on'],
    effect: 'With `on`, the names of NSGs are cut to 80 characters, those of rules to 65, not counting `UserRule_`.',
    source: 'The overview: longer names may be truncated in logs (1.3).',
  },
  encryption: {
    values: ['vnet', ...encryptionStates],
    effect:
      'With `vnet`, VNet logs say `X` for flows between NICs of encrypted VNets, `NX_FALLBACK` from there to a NIC elsewhere in the network, `NX` for all others. With a state, all flows have that one.',
    source: 'The VNet property `encryption` and the states of 3.2. Which flows fall back is inferred.',
  },
  icmp: {
    values: ['not-logged'],
    effect:
      'ICMP, ESP and AH are in no flow log; their packets are refused as `icmp`, `icmpv6`, `esp` and `other-protocol`.',
    source: 'The FAQ of Network Watcher (1.5).',
  },
} as const satisfies Readonly<Record<string, Quirk>>;

export type QuirkName = keyof typeof quirkTable;

/** A value for each quirk. */
export type Quirks = Readonly<Record<QuirkName, string>>;

export const quirkNames = Object.keys(quirkTable).filter(isQuirkName);

export const defaultQuirks: Quirks = settle(() => undefined);

/** From `NAME=VALUE` texts; the last of one name counts. @throws usage */
export function parseQuirks(texts: readonly string[]): Quirks {
  const given = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = quirkNames.find(
      (known) => known.toLowerCase() === text.slice(0, Math.max(0, at)).trim().toLowerCase(),
    );
    if (name === undefined)
      throw new FlowError('usage', `${JSON.stringify(text)} sets no quirk: NAME=VALUE`, {
        hint: `Quirks: ${quirkNames.join(', ')}; see docs/quirks.md.`,
      });
    const values: readonly string[] = quirkTable[name].values;
    const value = values.find(
      (known) =>
        known.toLowerCase() ===
        text
          .slice(at + 1)
          .trim()
          .toLowerCase(),
    );
    if (value === undefined)
      throw new FlowError('usage', `${JSON.stringify(text)}: the quirk ${name} is one of ${values.join(', ')}`);
    given.set(name, value);
  }
  return settle((name) => given.get(name));
}

function settle(valueOf: (name: QuirkName) => string | undefined): Quirks {
  const value = (name: QuirkName): string => valueOf(name) ?? quirkTable[name].values[0];
  return {
    statelessInboundTcp: value('statelessInboundTcp'),
    udpCounters: value('udpCounters'),
    byteLength: value('byteLength'),
    vnetPath: value('vnetPath'),
    snatInbound: value('snatInbound'),
    loadBalancing: value('loadBalancing'),
    nameTruncation: value('nameTruncation'),
    encryption: value('encryption'),
    icmp: value('icmp'),
  };
}

function isQuirkName(name: string): name is QuirkName {
  return Object.hasOwn(quirkTable, name);
}
