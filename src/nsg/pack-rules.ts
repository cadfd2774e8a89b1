/**
 * Compiled rules as one array of 32-bit words for the kernel (kernel/flow/judge.ts). Offsets are in words from its start.
 *
 *   0        1        2                     3                4 …
 *   | chains | stages | protocols of TCP … | … and of UDP   | verdicts (a word a decision: 1 denies, 2 ends the chain), and all else
 *
 *   stage    words, protocols, source (starts, rowStart, bits, pieceOf), destination (the same) of IPv4,
 *            source (starts, rowStart, bits, pieces), destination (the same) of IPv6, source port (pageOf, rowStart, bits), destination port, decisionOf
 */
import type { Ipv4Axis, Ipv6Axis, PortAxis } from './rule-axis.ts';

/** A compiled list of rules: see compile.ts. */
export interface Stage {
  /** 32-bit words per row of rules. */
  readonly words: number;
  /** Rows of the protocol classes, one after another. */
  readonly protocols: Uint32Array;
  readonly source4: Ipv4Axis;
  readonly source6: Ipv6Axis;
  readonly destination4: Ipv4Axis;
  readonly destination6: Ipv6Axis;
  readonly sourcePort: PortAxis;
  readonly destinationPort: PortAxis;
  /** Index into `decisions`, by rule. */
  readonly decisionOf: Int32Array;
}

/** Verdict bits of a decision. */
export const verdictDenies = 1;
export const verdictEnds = 2;

const headerWords = 4;
const stageWords = 25;

/**
 * @param protocolClasses of TCP and UDP
 * @returns `undefined` if the rules take more than `wordsMax` words
 */
export function packRules(
  chains: Int32Array,
  stages: readonly Stage[],
  verdicts: Uint8Array,
  protocolClasses: readonly [number, number],
  wordsMax: number,
): Uint32Array | undefined {
  const verdictsAt = headerWords;
  const chainsAt = verdictsAt + verdicts.length;
  const stagesAt = chainsAt + chains.length;
  const parts: { readonly at: number; readonly values: ArrayLike<number> }[] = [];
  let length = stagesAt + stageWords * stages.length;
  const put = (values: ArrayLike<number>): number => {
    const at = length;
    parts.push({ at, values });
    length += values.length;
    return at;
  };
  const axis4 = ({ starts, rowStart, bits, pieceOf }: Ipv4Axis): number[] => [
    put(starts),
    put(rowStart),
    put(bits),
    put(pieceOf),
  ];
  const axis6 = ({ starts, rowStart, bits }: Ipv6Axis): number[] => [
    put(starts),
    put(rowStart),
    put(bits),
    rowStart.length,
  ];
  const ports = ({ pageOf, rowStart, bits }: PortAxis): number[] => [put(pageOf), put(rowStart), put(bits)];
  const records = stages.flatMap((stage) => [
    stage.words,
    put(stage.protocols),
    ...axis4(stage.source4),
    ...axis4(stage.destination4),
    ...axis6(stage.source6),
    ...axis6(stage.destination6),
    ...ports(stage.sourcePort),
    ...ports(stage.destinationPort),
    put(stage.decisionOf),
  ]);
  if (length > wordsMax) return undefined;
  const packed = new Uint32Array(length);
  packed.set([chainsAt, stagesAt, ...protocolClasses]);
  packed.set(verdicts, verdictsAt);
  packed.set(chains, chainsAt);
  packed.set(records, stagesAt);
  for (const { at, values } of parts) packed.set(values, at);
  return packed;
}
