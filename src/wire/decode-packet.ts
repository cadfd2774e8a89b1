import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import type { CaptureBatch } from '../capture/batch.ts';
import {
  linkTypeAvs,
  linkTypeCiscoHdlc,
  linkTypeEthernet,
  linkTypeFddi,
  linkTypeFrameRelay,
  linkTypeIeee80211,
  linkTypeIpv4,
  linkTypeIpv6,
  linkTypeLinuxSll,
  linkTypeLinuxSll2,
  linkTypeLoop,
  linkTypeNflog,
  linkTypeNull,
  linkTypePktap,
  linkTypePpi,
  linkTypePpp,
  linkTypePppEther,
  linkTypePppHdlc,
  linkTypePrism,
  linkTypeRadiotap,
  linkTypeRaw,
  linkTypeRawBsd,
  linkTypeRawOpenBsd,
  linkTypeSlip,
} from '../capture/link-type.ts';
import { viewOf } from '../capture/view.ts';
import type { PacketBatch } from '../net/packet.ts';
import { captureHeaderLength, hasCaptureHeader, namedLinkType } from './capture-header.ts';
import { decodeCiscoHdlc, decodeSerial } from './cisco-hdlc.ts';
import type { Decoding } from './decoding.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeFddi } from './fddi.ts';
import { decodeFrameRelay } from './frame-relay.ts';
import type { Fragments } from './fragments.ts';
import { held } from './fragments.ts';
import { decodeAvs, decodeIeee80211, decodePrism, decodeRadiotap } from './ieee80211.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { networkByVersion, networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { decodeNflog } from './nflog.ts';
import { decodeNullLoopback } from './null-loopback.ts';
import { decodePlainRun } from './plain-run.ts';
import { decodePppoe } from './ppp.ts';
import { refuse } from './reason.ts';
import type { Refusals } from './refusals.ts';
import { countRefusal } from './refusals.ts';
import { decodeSlip } from './slip.ts';
import { decodeSll, decodeSll2 } from './sll.ts';
import { portVxlan } from './udp-tunnel.ts';

/** Which of several nested IP packets counts: the first or the last. */
export type TunnelEnd = 'outer' | 'inner';

export interface DecodeOptions {
  /** Kept across batches, so that later fragments get their ports. Without it, later fragments are refused. */
  readonly fragments?: Fragments;
  /** Which addresses, ports and lengths count for packets in tunnels; default `outer`. */
  readonly tunnel?: TunnelEnd;
  /** UDP ports of VXLAN in addition to its own. */
  readonly vxlanPorts?: readonly number[] | undefined;
  readonly decodeRun?: DecodeRun | undefined;
}

/** A faster `decodePlainRun` for the batch of packets that it was created for; -1 if it cannot be used. */
export type DecodeRun = (captured: CaptureBatch, first: number, firstRow: number, udp: boolean) => number;

/**
 * Decodes the packets of `captured` in place. `packets` is overwritten with the packets that have a five-tuple, in the
 * same order. Each other packet adds one to `refusals`, at once or when `fragments` gives up on it.
 */
export function decodeBatch(
  captured: CaptureBatch,
  packets: PacketBatch,
  refusals: Refusals,
  options: DecodeOptions = {},
): void {
  assert(captured.count <= packets.capacity, 'the packet batch has room for all captured packets');
  const { bytes, count } = captured;
  const { fragments, decodeRun } = options;
  let view: DataView | undefined;
  const inner = options.tunnel === 'inner';
  const vxlanPorts = new Set([portVxlan, ...(options.vxlanPorts ?? [])]);
  const decoding: Decoding = { fragments, inner, vxlanPorts, tunnelEnd: 0, tunnelOriginalEnd: 0 };
  let row = 0;
  let i = 0;
  while (i < count) {
    const fast = decodeRun === undefined ? -1 : decodeRun(captured, i, row, !inner);
    const plain = fast < 0 ? decodePlainRun(captured, (view ??= viewOf(bytes)), i, packets, row, !inner) : fast;
    row += plain;
    i += plain;
    if (i === count) break;
    const start = captured.start[i];
    const end = start + captured.capturedLength[i];
    const originalEnd = start + captured.originalLength[i];
    const timeMillis = captured.timeSeconds[i] * 1000 + captured.timeNanos[i] / 1_000_000;
    const link = decodeLink(captured.linkType[i], bytes, start, end, end === originalEnd);
    if (fragments !== undefined) fragments.nowMillis = timeMillis;
    const result = link < 0 ? link : decodePacket(bytes, link, start, end, originalEnd, packets, row, decoding);
    if (result === 0) {
      packets.timeMillis[row] = timeMillis;
      row++;
    } else if (result < 0) {
      countRefusal(refusals, result, timeMillis);
      if (result === refuse['link-type']) refusals.linkTypes.add(refusedLinkType(captured.linkType[i], bytes, start));
    }
    i++;
  }
  packets.count = row;
}

/** Decodes nested IP packets until one is not a tunnel. */
function decodePacket(
  bytes: Uint8Array,
  link: number,
  start: number,
  end: number,
  originalEnd: number,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  let result = decodeNetwork(bytes, link, start, end, originalEnd, packets, row, decoding);
  for (let tunnels = 0; result > held; tunnels++) {
    if (tunnels === limits.tunnelsMax) return refuse['tunnels-too-deep'];
    const { tunnelEnd, tunnelOriginalEnd } = decoding;
    result = decodeNetwork(bytes, result, 0, tunnelEnd, tunnelOriginalEnd, packets, row, decoding);
  }
  return result;
}

function decodeNetwork(
  bytes: Uint8Array,
  link: number,
  start: number,
  end: number,
  originalEnd: number,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  const at = start + (link >> 2);
  const network = link & 3;
  if (network === networkIpv4) return decodeIpv4(bytes, at, end, originalEnd, packets, row, decoding);
  if (network === networkIpv6) return decodeIpv6(bytes, at, end, originalEnd, packets, row, decoding);
  if (at >= end) return end < originalEnd ? refuse.truncated : refuse['malformed-link'];
  const version = bytes[at] >> 4;
  if (version === 4) return decodeIpv4(bytes, at, end, originalEnd, packets, row, decoding);
  if (version === 6) return decodeIpv6(bytes, at, end, originalEnd, packets, row, decoding);
  return refuse['malformed-link'];
}

/** @returns see network-start.ts. */
function decodeLink(linkType: number, bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  switch (linkType) {
    case linkTypeEthernet:
      return decodeEthernet(bytes, start, end, whole);
    case linkTypeLinuxSll:
      return decodeSll(bytes, start, end, whole);
    case linkTypeLinuxSll2:
      return decodeSll2(bytes, start, end, whole);
    case linkTypeRaw:
    case linkTypeRawBsd:
    case linkTypeRawOpenBsd:
      return networkStart(0, networkByVersion);
    case linkTypeIpv4:
      return networkStart(0, networkIpv4);
    case linkTypeIpv6:
      return networkStart(0, networkIpv6);
    case linkTypeNull:
    case linkTypeLoop:
      return decodeNullLoopback(bytes, start, end, whole);
    case linkTypePpp:
    case linkTypePppHdlc:
      return decodeSerial(bytes, start, end, whole);
    case linkTypePppEther:
      return decodePppoe(bytes, start, start, end, whole);
    case linkTypeCiscoHdlc:
      return decodeCiscoHdlc(bytes, start, end, whole);
    case linkTypeFrameRelay:
      return decodeFrameRelay(bytes, start, end, whole);
    case linkTypeFddi:
      return decodeFddi(bytes, start, end, whole);
    case linkTypeSlip:
      return decodeSlip(bytes, start, end, whole);
    case linkTypeNflog:
      return decodeNflog(bytes, start, end, whole);
    case linkTypeIeee80211:
      return decodeIeee80211(bytes, start, start, end, whole, false);
    case linkTypeRadiotap:
      return decodeRadiotap(bytes, start, end, whole);
    case linkTypePrism:
      return decodePrism(bytes, start, end, whole);
    case linkTypeAvs:
      return decodeAvs(bytes, start, end, whole);
    case linkTypePpi:
    case linkTypePktap:
      return decodeCaptureHeader(linkType, bytes, start, end, whole);
    default:
      return refuse['link-type'];
  }
}

/** A packet after a capture header that names its link type. @returns see network-start.ts. */
function decodeCaptureHeader(linkType: number, bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const headerLength = captureHeaderLength(linkType, bytes, start, end, whole);
  if (headerLength < 0) return headerLength;
  const named = namedLinkType(linkType, bytes, start);
  if (hasCaptureHeader(named)) return refuse['malformed-link'];
  const link = decodeLink(named, bytes, start + headerLength, end, whole);
  return link < 0 ? link : link + networkStart(headerLength, 0);
}

/** The link type of a refused packet; after a capture header, the link type that the header names. */
function refusedLinkType(linkType: number, bytes: Uint8Array, start: number): number {
  return hasCaptureHeader(linkType) ? namedLinkType(linkType, bytes, start) : linkType;
}
