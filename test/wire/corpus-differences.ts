/**
 * Captures of the corpus whose five-tuples differ from the oracle's, each with the reason. The suites that compare with the oracle fail
 * for a difference that is not listed here, and for an entry here that no longer differs.
 */
export const corpusDifferences: Readonly<Record<string, string>> = {
  'live__any-sll2-snap96.pcap':
    'The oracle leaves out the outer UDP packets of VXLAN tunnels that carry ICMP (PROVENANCE.md): four five-tuples, six packets.',
  'live__vm-165s-full-nano.pcap':
    'The oracle leaves out the outer UDP packets of VXLAN tunnels that carry ICMP (PROVENANCE.md): four five-tuples, six packets.',
  'tcpdump__bigtcp-ipv6-geneve-ipv6.pcap':
    'A large segment: tshark takes its payload length of 0 at its word, 40 bytes and no ports; here it has ports and the length on the wire.',
  'tcpdump__bigtcp-ipv6.pcap':
    'A large segment: tshark takes its payload length of 0 at its word, 40 bytes and no ports; here the jumbo payload option counts.',
};

/** Reasons for which TCP and UDP packets are refused that the oracle counts without ports. */
export const portlessReasons = ['fragment', 'truncated', 'malformed-tcp', 'malformed-udp'] as const;
