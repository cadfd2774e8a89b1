/**
 * Settings for behavior of Azure that is not documented, or documented in two ways. The command line and docs/reference/quirks.md
 * use this table; a test compares the page with it.
 */
import type { Setting } from '../base/settings.ts';
import { readSettings } from '../base/settings.ts';
import { encryptionNames } from '../flowlog/tuple.ts';

const encryptionStates = encryptionNames.filter((name) => name !== '');

export const quirkTable = {
  statelessInboundTcp: {
    values: ['off', 'on'],
    effect:
      'With `on`, NSG logs contain only the begin tuple of an inbound TCP flow that a user rule allows, if the VNet has no `flowTimeoutInMinutes`. VNet logs contain all tuples.',
    source:
      "Microsoft's overview of NSG flow logs says that Azure implements such rules without state, and does not record bytes and packets. A VNet with a flow timeout is an exception. What Azure writes is not documented.",
  },
  udpCounters: {
    values: ['counted', 'zero'],
    effect: 'With `zero`, continuing and end tuples of UDP have the counters `0,0,0,0` in NSG logs version 2.',
    source: 'The overview describes counters of TCP and UDP. A real blob has twelve UDP tuples with zeros.',
  },
  byteLength: {
    values: ['ip', 'frame'],
    effect: 'With `frame`, bytes include the Ethernet header: 14 bytes more per packet.',
    source: "The overview's example `E,1,66,1,66`, and a pair of VNet tuples that differ by 108 = 2 x 54. Inferred.",
  },
  vnetPath: {
    values: ['short', 'long'],
    effect:
      'The folder of VNet blobs. With `short`, it is `flowLogResourceID=/{subscription}_{group}/{watcher}_{flow log}`. With `long`, it contains the ARM id of the flow log.',
    source:
      'Real accounts and a script of Microsoft use the short form. Two tabs of a Microsoft article use the long form.',
  },
  snatInbound: {
    values: ['logged', 'left-out'],
    effect:
      'With `left-out`, logs omit inbound flows from the Internet to a NIC that has neither a public address nor a load balancer.',
    source: 'Azure logs attempts at the ports of default outbound access, although it does not deliver them.',
  },
  loadBalancing: {
    values: ['hash', 'off'],
    effect:
      'Several backends of a load balancer can share a port. With `hash`, a packet to or from such a port counts at one of them. A hash of the five-tuple selects the backend, or a hash of the addresses, with or without the protocol: `loadDistribution` of the rule says which. With `off`, the packet counts at no backend. It is refused as `no-nic` if its other end is not a NIC either.',
    source:
      "Microsoft documents Load Balancer's distribution modes, but not the hash function or the health of backends. So the backend that Azure selects is not known.",
  },
  nameTruncation: {
    values: ['off', 'on'],
    effect: 'With `on`, names of NSGs are cut to 80 characters, and names of rules to 65, without `UserRule_`.',
    source: 'The overview says that longer names may be truncated in logs.',
  },
  encryption: {
    values: ['vnet', ...encryptionStates],
    effect:
      'With `vnet`, VNet logs have the state `X` for flows between NICs of encrypted VNets. Flows from there to another NIC in the network have `NX_FALLBACK`, and all others `NX`. With a state, all flows have that state.',
    source: 'The VNet property `encryption` and the documented states. Which flows have `NX_FALLBACK` is inferred.',
  },
  icmp: {
    values: ['not-logged'],
    effect:
      'ICMP, ESP and AH are in no flow log. Their packets are refused as `icmp`, `icmpv6`, `esp` and `other-protocol`.',
    source: 'The FAQ of Network Watcher.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type QuirkName = keyof typeof quirkTable;

/** A value for each quirk. */
export type Quirks = Readonly<Record<QuirkName, string>>;

export const defaultQuirks: Quirks = parseQuirks([]);

/** From `NAME=VALUE` texts; the last of one name counts. @throws usage */
export function parseQuirks(texts: readonly string[]): Quirks {
  return readSettings(quirkTable, texts, { one: 'quirk', all: 'Quirks', page: 'docs/reference/quirks.md' });
}
