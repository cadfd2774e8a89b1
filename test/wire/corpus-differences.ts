interface CorpusDifference {
  readonly reason: string;
  /** As `compareWithOracle` tells them, in order of their text. */
  readonly differences: readonly string[];
}

const icmpInVxlan: CorpusDifference = {
  reason:
    'The oracle leaves out the outer UDP packets of VXLAN tunnels that carry ICMP version 6 (PROVENANCE.md). tshark counts the same packets as conversations.',
  differences: [
    '17 10.20.0.4 38212 10.20.0.5 4789: oracle nothing, here 2 packets, 252 bytes',
    '17 10.20.0.4 56612 10.20.0.5 4789: oracle nothing, here 1 packets, 126 bytes',
    '17 10.20.0.5 36144 10.20.0.4 4789: oracle nothing, here 2 packets, 252 bytes',
    '17 10.20.0.5 56612 10.20.0.4 4789: oracle nothing, here 1 packets, 126 bytes',
  ],
};

/**
 * Captures of the corpus whose five-tuples differ from the oracle's, each with the reason, and with all that differs. The suites that compare with the
 * oracle fail for any other difference, and for an entry here that no longer differs.
 */
export const corpusDifferences: Readonly<Record<string, CorpusDifference>> = {
  'live__any-sll2-snap96.pcap': icmpInVxlan,
  'live__vm-165s-full-nano.pcap': icmpInVxlan,
  'tcpdump__bigtcp-ipv6-geneve-ipv6.pcap': {
    reason:
      'A large segment: tshark takes its payload length of 0 at its word, 40 bytes and no ports; here it has ports and the length on the wire.',
    differences: [
      '17 2604:1380:4091:ce00::d 2604:1380:4091:ce00::b: oracle 1 packets, 40 bytes, here 1 packets, 80142 bytes',
    ],
  },
  'tcpdump__bigtcp-ipv6.pcap': {
    reason:
      'A large segment: tshark takes its payload length of 0 at its word, 40 bytes and no ports; here it has ports and the length on the wire.',
    differences: [
      '6 2604:1380:4091:ce00::b 2604:1380:4091:ce00::d: oracle 1 packets, 40 bytes, here 1 packets, 80040 bytes',
    ],
  },
};

/** Reasons for which TCP and UDP packets are refused that the oracle counts without ports. */
export const portlessReasons = ['fragment', 'truncated', 'malformed-tcp', 'malformed-udp'] as const;
