/**
 * What a link decoder returns in one number: where the network header begins, counted from the packet's first byte, and what
 * it is; or one of the negative numbers of reason.ts. No object per packet.
 *
 *   bits 2 and up: offset     bits 0 and 1: 0 look at the version nibble, 1 IPv4, 2 IPv6
 */
export const networkByVersion = 0;
export const networkIpv4 = 1;
export const networkIpv6 = 2;

/** @param offset bytes before the network header; @param network one of the three above. */
export function networkStart(offset: number, network: number): number {
  return (offset << 2) | network;
}
