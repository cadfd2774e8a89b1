/** Packets of the batch, by their number in it. */
import { destinationPort, sourcePort, tcpFlags } from './memory';

export const protocolTcp: u32 = 6;
export const protocolUdp: u32 = 17;

export const tcpFin: u32 = 1;
export const tcpSyn: u32 = 2;
export const tcpRst: u32 = 4;
export const tcpAck: u32 = 16;

export const inbound: u32 = 0;
export const outbound: u32 = 1;

/** Source port in the high half, destination port in the low half. */
// @inline
export function portsOf(i: i32): u32 {
  return ((<u32>sourcePort[i]) << 16) | destinationPort[i];
}

/** Whether a TCP packet opens a connection. */
// @inline
export function isOpening(i: i32): bool {
  return (<u32>tcpFlags[i] & (tcpSyn | tcpAck)) == tcpSyn;
}
