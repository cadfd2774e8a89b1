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

/** `tcp`, `udp`, …, or the number as text. */
export function formatProtocol(protocol: number): string {
  return names.get(protocol) ?? String(protocol);
}

/** Reads a name in any case or a number 0 to 255; `undefined` when it is neither. */
export function parseProtocol(text: string): number | undefined {
  const lower = text.toLowerCase();
  for (const [number, name] of names) if (name === lower) return number;
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 255 ? number : undefined;
}
