/**
 * One axis of a compiled rule list: source or destination, address or port. The axis is cut where any rule's range begins
 * or ends. For each piece, a row of bits marks the rules (bit 0 of word 0 is the first) that contain it. Pieces with equal
 * bits share a row.
 *
 *   rules    r0: 10.0.0.0/8      r1: *           r2: 10.1.0.0/16
 *   starts   0.0.0.0   10.0.0.0   10.1.0.0   10.2.0.0   11.0.0.0
 *   rows     010       011        111        011        010         (bit 2, bit 1, bit 0)
 *
 * A port is looked up in two small tables, an IPv4 address by its first byte and a binary search among the pieces there,
 * an IPv6 address by binary search only. Numbers: docs/how-it-works/decisions/0004-compiled-rules.md.
 */
import type { AddressRange } from './address-ranges.ts';
import { familyEnd } from './address-ranges.ts';
import { portCount } from './rule.ts';

/** The ranges of rule i of a list, `ranges[i]`, in any order; they can overlap. */
export type RuleRanges = readonly (readonly AddressRange[])[];

interface Pieces {
  /** First value of each piece, ascending from 0. */
  readonly starts: readonly bigint[];
  /** Offset of each piece's row in `bits`. */
  readonly rowStart: readonly number[];
  readonly bits: Uint32Array;
}

export interface PortAxis {
  /** Page of each high byte of a port. */
  readonly pageOf: Uint16Array;
  /** Row offsets, 256 ports per page; equal pages are shared. */
  readonly rowStart: Uint32Array;
  readonly bits: Uint32Array;
}

export interface Ipv4Axis {
  readonly starts: Uint32Array;
  readonly rowStart: Uint32Array;
  readonly bits: Uint32Array;
  /** The piece with the first address of each first byte, and one past the last piece at the end. */
  readonly pieceOf: Uint32Array;
}

export interface Ipv6Axis {
  /** Four words per piece. */
  readonly starts: Uint32Array;
  readonly rowStart: Uint32Array;
  readonly bits: Uint32Array;
}

export function buildPortAxis(ranges: RuleRanges, words: number): PortAxis {
  const { starts: bigStarts, rowStart, bits } = cutPieces(ranges, words, BigInt(portCount));
  const starts = bigStarts.map(Number);
  const pages = new Map<string, number>();
  const pageOf = new Uint16Array(256);
  const rows = new Uint32Array(portCount);
  let piece = 0;
  for (let first = 0; first < 256; first++) {
    const cuts: number[] = [];
    const pageStart = piece;
    while (piece + 1 < starts.length && starts[piece + 1] < 256 * (first + 1)) cuts.push(starts[++piece] - 256 * first);
    const key = [...cuts, ...rowStart.slice(pageStart, piece + 1)].join(' ');
    const known = pages.get(key) ?? pages.size;
    pageOf[first] = known;
    if (known < pages.size) continue;
    pages.set(key, known);
    const page = rows.subarray(256 * known, 256 * (known + 1)).fill(rowStart[pageStart]);
    cuts.forEach((cut, index) => page.fill(rowStart[pageStart + index + 1], cut));
  }
  return { pageOf, rowStart: rows.slice(0, 256 * pages.size), bits };
}

/** Offset of a port's row in `bits`. */
export function findPortRow(axis: PortAxis, port: number): number {
  return axis.rowStart[(axis.pageOf[port >>> 8] << 8) | (port & 255)];
}

export function buildIpv4Axis(ranges: RuleRanges, words: number): Ipv4Axis {
  const { starts, rowStart, bits } = cutPieces(ranges, words, familyEnd(4));
  const packed = Uint32Array.from(starts, Number);
  const pieceOf = new Uint32Array(257);
  let piece = 0;
  for (let byte = 0; byte < 256; byte++) {
    while (piece + 1 < packed.length && packed[piece + 1] <= byte * 0x1000000) piece++;
    pieceOf[byte] = piece;
  }
  pieceOf[256] = packed.length - 1;
  return { starts: packed, rowStart: Uint32Array.from(rowStart), bits, pieceOf };
}

/** Offset of an address's row in `bits`; the address is an unsigned number. */
export function findIpv4Row(axis: Ipv4Axis, address: number): number {
  const starts = axis.starts;
  const byte = address >>> 24;
  let low = axis.pieceOf[byte];
  let high = axis.pieceOf[byte + 1] + 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= address) low = middle;
    else high = middle;
  }
  return axis.rowStart[low];
}

export function buildIpv6Axis(ranges: RuleRanges, words: number): Ipv6Axis {
  const { starts, rowStart, bits } = cutPieces(ranges, words, familyEnd(6));
  const packed = new Uint32Array(4 * starts.length);
  starts.forEach((start, piece) => {
    for (let word = 0; word < 4; word++)
      packed[4 * piece + word] = Number((start >> BigInt(96 - 32 * word)) & 0xffffffffn);
  });
  return { starts: packed, rowStart: Uint32Array.from(rowStart), bits };
}

/** Offset of an address's row in `bits`; the words are unsigned. */
export function findIpv6Row(axis: Ipv6Axis, a: number, b: number, c: number, d: number): number {
  const starts = axis.starts;
  let low = 0;
  let high = axis.rowStart.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const at = 4 * middle;
    const difference =
      starts[at] !== a
        ? starts[at] - a
        : starts[at + 1] !== b
          ? starts[at + 1] - b
          : starts[at + 2] !== c
            ? starts[at + 2] - c
            : starts[at + 3] - d;
    if (difference <= 0) low = middle;
    else high = middle;
  }
  return axis.rowStart[low];
}

/** Sweeps over the axis from 0 to `end`, excluded. */
function cutPieces(ranges: RuleRanges, words: number, end: bigint): Pieces {
  const changes: { at: bigint; rule: number; step: 1 | -1 }[] = [];
  ranges.forEach((ruleRanges, rule) => {
    for (const range of ruleRanges) changes.push({ at: range.start, rule, step: 1 }, { at: range.end, rule, step: -1 });
  });
  changes.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const depth = new Int32Array(ranges.length);
  const current = new Uint32Array(words);
  const rows = new Map<string, number>();
  const bits: number[] = [];
  const starts: bigint[] = [];
  const rowStart: number[] = [];
  const addPiece = (start: bigint): void => {
    const key = current.join(' ');
    const row = rows.get(key) ?? bits.length;
    if (row === bits.length) {
      rows.set(key, row);
      bits.push(...current);
    }
    if (rowStart.at(-1) === row) return;
    starts.push(start);
    rowStart.push(row);
  };
  if (changes.length === 0 || changes[0].at > 0n) addPiece(0n);
  for (let i = 0; i < changes.length;) {
    const at = changes[i].at;
    if (at >= end) break;
    for (; i < changes.length && changes[i].at === at; i++) {
      const { rule, step } = changes[i];
      depth[rule] += step;
      const word = rule >>> 5;
      const bit = 1 << (rule & 31);
      current[word] = depth[rule] > 0 ? current[word] | bit : current[word] & ~bit;
    }
    addPiece(at);
  }
  return { starts, rowStart, bits: Uint32Array.from(bits) };
}
