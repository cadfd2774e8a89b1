/**
 * Why a packet has no five-tuple, one reason per packet. There are three kinds: flow logs do not have packets of this
 * *kind* (ARP, ICMP), the packet is *malformed* (its headers contradict its length on the wire), or it is *truncated*
 * (complete on the wire, but the capture has too few bytes: record with a larger snap length).
 */
const table = [
  ['truncated', 'The capture has too few bytes of the packet to read its ports (snap length).'],
  ['link-type', 'nsgflow does not decode the link type of the capture.'],
  ['malformed-link', 'The packet ends inside its link header, or the link header contradicts itself.'],
  ['malformed-ipv4', 'The IPv4 header has a wrong version or an impossible length.'],
  ['malformed-ipv6', 'The IPv6 header has a wrong version, or its extension headers reach beyond the packet.'],
  ['extensions-too-many', 'More IPv6 extension headers than the limit of 16.'],
  ['malformed-tcp', 'The IP packet ends before the TCP ports.'],
  ['malformed-udp', 'The IP packet ends before the UDP ports.'],
  ['fragment', 'A later fragment of a packet; the first fragment, which has the ports, was not seen.'],
  ['arp', 'ARP or RARP, not IP.'],
  ['llc', 'IEEE 802.3 with LLC and a protocol other than IP: spanning tree, CDP, NetBEUI, IS-IS.'],
  ['eapol', 'IEEE 802.1X authentication.'],
  ['lldp', 'Link Layer Discovery Protocol.'],
  ['macsec', 'Encrypted by MACsec: the addresses cannot be read.'],
  ['pppoe-discovery', 'PPPoE discovery, before the session that carries IP.'],
  [
    'link-control',
    'Control packets of the link itself: PPP LCP and NCP, Cisco SLARP, frame relay LMI, IEEE 802.11 management.',
  ],
  ['encrypted-link', 'An IEEE 802.11 data frame that is encrypted.'],
  ['aggregated', 'Several packets aggregated in one IEEE 802.11 frame (A-MSDU).'],
  ['other-ethertype', 'Another EtherType than IP.'],
  ['icmp', 'ICMP: it has no ports, and Azure does not log it.'],
  ['icmpv6', 'ICMPv6: it has no ports, and Azure does not log it.'],
  ['igmp', 'IGMP, group membership.'],
  ['gre', 'GRE tunnel; with `--tunnel inner`, a GRE tunnel without an inner packet.'],
  ['ip-in-ip', 'A tunnel of IP in IP (4in4, 6in4, 4in6, 6in6).'],
  ['tunnels-too-deep', 'More nested tunnels than the limit.'],
  ['esp', 'IPsec ESP: the inner packet is encrypted.'],
  ['sctp', 'SCTP: flow logs have only TCP and UDP.'],
  ['no-next-header', 'An IPv6 packet with "no next header".'],
  ['other-protocol', 'Another IP protocol than TCP or UDP.'],
] as const;

export type WireReason = (typeof table)[number][0];

/** Reasons in order; the index of a reason is its number. */
export const wireReasons: readonly WireReason[] = table.map(([reason]) => reason);

/** The meaning of each reason, for users. */
export const wireReasonMeanings: Readonly<Record<WireReason, string>> = byReason((index) => table[index][1]);

/**
 * Result of a decoding function that refuses a packet, in place of an offset: -1 - the number of the reason. Numbers,
 * because the hot loop counts them in a typed array.
 */
export const refuse: Readonly<Record<WireReason, number>> = byReason((index) => -1 - index);

function byReason<Value>(value: (index: number) => Value): Record<WireReason, Value> {
  // Object.fromEntries loses the type of the keys; the table has each of them.
  return Object.fromEntries(wireReasons.map((reason, index) => [reason, value(index)])) as Record<WireReason, Value>;
}
