/** IANA protocol numbers in flow logs. Source: facts 1.5. */
export const protocolTcp = 6;
export const protocolUdp = 17;

const names = new Map<number, string>([
  [1, 'icmp'],
  [protocolTcp, 'tcp'],
  [protocolUdp, 'udp'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** Names that are read, but not written: the lake has the numbers of these protocols. Source: IANA protocol numbers. */
const otherNames = new Map<string, number>([
  ['igmp', 2],
  ['ipip', 4],
  ['egp', 8],
  ['gre', 47],
  ['ipv6-icmp', 58],
  ['icmp6', 58],
  ['eigrp', 88],
  ['ospf', 89],
  ['pim', 103],
  ['vrrp', 112],
  ['l2tp', 115],
  ['udplite', 136],
]);

/** `tcp`, `udp`, …, or the number as text. */
export function formatProtocol(protocol: number): string {
  return names.get(protocol) ?? String(protocol);
}

/** Reads a name in any case or a number 0 to 255; `undefined` when it is neither. */
export function parseProtocol(text: string): number | undefined {
  const lower = text.toLowerCase();
  for (const [number, name] of names) if (name === lower) return number;
  const other = otherNames.get(lower);
  if (other !== undefined) return other;
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 255 ? number : undefined;
}
