/**
 * Why a packet has no five-tuple, one reason a packet. Three kinds, kept apart: the packet is *not of a kind* that flow logs hold
 * (ARP, ICMP), *malformed* (its own headers contradict its length on the wire), or *truncated* (it was whole on the wire,
 * but the capture kept too little of it: record with a larger snap length).
 */
const table = [
  ['truncated', 'The capture kept too few bytes of the packet to see its ports (snap length).'],
  ['link-type', 'The capture is of a link type that nsgflow does not decode.'],
  ['malformed-link', 'The packet ends inside its link header, or the link header contradicts itself.'],
  ['malformed-ipv4', 'The IPv4 header has a wrong version or a length that cannot be.'],
  ['malformed-ipv6', 'The IPv6 header has a wrong version, or its extension headers reach beyond the packet.'],
  ['extensions-too-many', 'More IPv6 extension headers than the limit of 16.'],
  ['malformed-tcp', 'The IP packet ends before the TCP ports.'],
  ['malformed-udp', 'The IP packet ends before the UDP ports.'],
  ['fragment', 'A later fragment of a packet whose first one, which has the ports, was not seen.'],
  ['arp', 'ARP or RARP: no IP packet.'],
  ['llc', 'IEEE 802.3 with LLC that carries no IP: spanning tree, CDP, NetBEUI, IS-IS.'],
  ['eapol', 'IEEE 802.1X authentication.'],
  ['lldp', 'Link Layer Discovery Protocol.'],
  ['macsec', 'Encrypted by MACsec: the addresses cannot be seen.'],
  ['pppoe-discovery', 'PPPoE discovery: the session that carries IP comes later.'],
  [
    'link-control',
    'Control packets of the link itself: PPP LCP and NCP, Cisco SLARP, frame relay LMI, IEEE 802.11 management.',
  ],
  ['encrypted-link', 'An IEEE 802.11 data frame that is encrypted.'],
  ['aggregated', 'Several packets aggregated in one IEEE 802.11 frame (A-MSDU).'],
  ['other-ethertype', 'Another protocol above the link that is not IP.'],
  ['icmp', 'ICMP: has no ports; Azure logs none.'],
  ['icmpv6', 'ICMP version 6: has no ports; Azure logs none.'],
  ['igmp', 'IGMP, group membership.'],
  ['gre', 'GRE tunnel; with `--tunnel inner`, one that carries no packet.'],
  ['ip-in-ip', 'A tunnel of IP in IP (4in4, 6in4, 4in6, 6in6).'],
  ['tunnels-too-deep', 'More tunnels inside each other than the limit.'],
  ['esp', 'IPsec ESP: what it carries is encrypted.'],
  ['sctp', 'SCTP: flow logs know TCP and UDP only.'],
  ['no-next-header', 'An IPv6 packet that says that nothing follows.'],
  ['other-protocol', 'Another protocol above IP than TCP or UDP.'],
] as const;

export type WireReason = (typeof table)[number][0];

/** Reasons in order; a reason's number is its place here. */
export const wireReasons: readonly WireReason[] = table.map(([reason]) => reason);

/** What each reason means, for people. */
export const wireReasonMeanings: Readonly<Record<WireReason, string>> = byReason((index) => table[index][1]);

/**
 * What a decoding function returns in place of an offset to refuse a packet for a reason: -1 - its number. Numbers, because the hot
 * loop counts them in a typed array.
 */
export const refuse: Readonly<Record<WireReason, number>> = byReason((index) => -1 - index);

function byReason<Value>(value: (index: number) => Value): Record<WireReason, Value> {
  // Object.fromEntries forgets the keys' type; the table has each of them.
  return Object.fromEntries(wireReasons.map((reason, index) => [reason, value(index)])) as Record<WireReason, Value>;
}
