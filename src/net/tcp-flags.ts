/** Bits of the TCP flags byte. Source: RFC 9293 section 3.1. */
export const tcpFin = 0x01;
export const tcpSyn = 0x02;
export const tcpRst = 0x04;
export const tcpAck = 0x10;
