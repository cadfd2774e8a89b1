import { FlowError } from '../../base/errors.ts';
import { parseProtocol } from '../../net/protocol.ts';

/** What options that take a protocol say about it. */
export const protocolHelp = 'tcp, udp, icmp, esp, ah, gre and the like, or a number from 0 to 255';

/** The IANA number of a protocol; `icmp` between IPv6 addresses is ICMPv6. @throws usage */
export function readProtocol(text: string, family: 4 | 6): number {
  const number = parseProtocol(text);
  if (number === undefined && /^(any|all|\*)$/i.test(text))
    throw new FlowError('usage', `--protocol ${text}: a packet has one protocol`, { hint: `Write ${protocolHelp}.` });
  if (number === undefined)
    throw new FlowError('usage', `--protocol ${JSON.stringify(text)} is not a protocol`, {
      hint: `Write ${protocolHelp}.`,
    });
  return number === icmp && family === 6 ? icmpv6 : number;
}

const [icmp, icmpv6] = [1, 58];

/** Whether packets of a protocol have ports: TCP, UDP, SCTP. */
export function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132;
}
