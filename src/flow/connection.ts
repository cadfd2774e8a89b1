import { tcpAck, tcpFin, tcpRst, tcpSyn } from '../net/tcp-flags.ts';

/**
 * The life of a flow as bits of one word.
 *
 *        first packet                FIN both ways, or RST              E flushed              idle timeout
 *   ──────▶ open ─────────────────────────▶ closed ─────────────────────▶ ended ──────────────────▶ forgotten
 *              └──────────── idle timeout: E at its expiry ──────────────┘
 *
 * A closed flow stays until its E is flushed: later packets without a new SYN count in it. An ended TCP flow is kept for a
 * while, so that a late packet without SYN opens a flow in the same direction. A denied flow has one event and no end.
 */
export const flowDenied = 1;
export const flowFinForward = 2;
export const flowFinReverse = 4;
export const flowRst = 8;
export const flowEnded = 16;
export const flowFlagsMask = 31;

/** Both ends sent FIN, or one sent RST. */
export function isClosed(flags: number): boolean {
  return (flags & flowRst) !== 0 || (flags & (flowFinForward | flowFinReverse)) === (flowFinForward | flowFinReverse);
}

/**
 * The flow's bits after a TCP packet.
 * @param reverse whether the responder sent it
 */
export function withTcpFlags(flags: number, tcpFlags: number, reverse: boolean): number {
  if ((tcpFlags & tcpRst) !== 0) return flags | flowRst;
  if ((tcpFlags & tcpFin) !== 0) return flags | (reverse ? flowFinReverse : flowFinForward);
  return flags;
}

/** A SYN without ACK: the sender opens a connection. */
export function isOpening(tcpFlags: number): boolean {
  return (tcpFlags & (tcpSyn | tcpAck)) === tcpSyn;
}

export const initiatorIsSource = 0;
export const initiatorIsDestination = 1;
export const initiatorGuessedSource = 2;
export const initiatorGuessedDestination = 3;

/**
 * The initiator of a TCP connection, from its first packet seen. A SYN shows it (its sender), and so does a SYN-ACK
 * (its receiver). In the middle of a connection the ports decide: the side with the only port below 1024, otherwise
 * with the only port below 32768 (Linux's first ephemeral port; IANA's is 49152), is the responder. Otherwise the
 * sender counts as the initiator.
 */
export function tcpInitiator(tcpFlags: number, sourcePort: number, destinationPort: number): number {
  if ((tcpFlags & tcpSyn) !== 0) return (tcpFlags & tcpAck) === 0 ? initiatorIsSource : initiatorIsDestination;
  for (const bound of [1024, 32_768]) {
    if (sourcePort < bound !== destinationPort < bound)
      return sourcePort < bound ? initiatorGuessedDestination : initiatorGuessedSource;
  }
  return initiatorGuessedSource;
}
