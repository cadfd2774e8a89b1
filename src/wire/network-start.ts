/**
 * Result of a link decoder as one number, so that no object is created per packet: the offset of the network header from
 * the packet's first byte, and its protocol; or one of the negative numbers of reason.ts.
 *
 *   bits 2 and up: offset     bits 0 and 1: 0 look at the version nibble, 1 IPv4, 2 IPv6
 */
export const networkByVersion = 0;
export const networkIpv4 = 1;
export const networkIpv6 = 2;

/**
 * @param offset bytes before the network header
 * @param network one of the three constants above
 */
export function networkStart(offset: number, network: number): number {
  return (offset << 2) | network;
}
