/**
 * The exact oracles of the corpus: `pcaps/oracle/NAME.flows.tsv`, one line per directed five-tuple of the outermost IP header. The
 * corpus lies outside the repository, in the folder that NSGFLOW_CORPUS names; see its PROVENANCE.md for the caveats.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Packets and IP bytes by directed five-tuple; the key is written by `fiveTupleKey`. */
export type FlowSums = Map<string, { packets: number; ipBytes: number }>;

export const corpusFolder = process.env['NSGFLOW_CORPUS'];

/** Why a suite over the corpus is skipped, `undefined` where it runs. */
export const corpusSkipped =
  corpusFolder === undefined
    ? 'NSGFLOW_CORPUS does not name the folder of the corpus'
    : existsSync(join(corpusFolder, 'pcaps', 'oracle'))
      ? undefined
      : `NSGFLOW_CORPUS names ${corpusFolder}, where no pcaps/oracle is`;

/** Names of all captures that have an oracle. */
export function corpusCaptures(): string[] {
  const names = readdirSync(join(corpusFolder ?? '', 'pcaps'), { withFileTypes: true });
  return names.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

export function corpusCapturePath(name: string): string {
  return join(corpusFolder ?? '', 'pcaps', name);
}

export function fiveTupleKey(
  protocol: number | string,
  source: string,
  sourcePort: number | string,
  destination: string,
  destinationPort: number | string,
): string {
  return `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;
}

/** Adds packets to the sums of their five-tuple. */
export function addToSums(sums: FlowSums, key: string, packets: number, ipBytes: number): void {
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { packets, ipBytes });
  else {
    sum.packets += packets;
    sum.ipBytes += ipBytes;
  }
}

export interface Oracle {
  /** Packets in the capture, as far as tshark read it. */
  readonly frames: number;
  /** TCP and UDP with ports. */
  readonly flows: FlowSums;
  /** TCP and UDP for which tshark named no ports (later fragments, packets cut short), by protocol, source and destination. */
  readonly portless: FlowSums;
}

export function readOracle(name: string): Oracle {
  const text = readFileSync(join(corpusFolder ?? '', 'pcaps', 'oracle', `${name}.flows.tsv`), 'utf8');
  const flows: FlowSums = new Map();
  const portless: FlowSums = new Map();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [protocol, source, sourcePort, destination, destinationPort, packets, ipBytes] = line.split('\t');
    if (protocol !== '6' && protocol !== '17') continue;
    const key = fiveTupleKey(protocol, source, sourcePort, destination, destinationPort);
    addToSums(sourcePort === '' ? portless : flows, key, Number(packets), Number(ipBytes));
  }
  return { frames: Number(/frames=(\d+)/.exec(text)?.[1]), flows, portless };
}

/**
 * How `sums` differ from the oracle's, one line a difference; empty when they are equal. Between a source and a destination for which the oracle has rows
 * without ports (later fragments, packets without visible ports), five-tuples hold at least what the oracle has with ports, and all
 * that is missing of the oracle's packets was refused.
 * @param portlessRefused packets refused for lack of ports; of captures without such rows not looked at.
 */
export function compareWithOracle(oracle: Oracle, sums: FlowSums, portlessRefused: number): string[] {
  const differences: string[] = [];
  const blurred = new Set([...oracle.portless.keys()].map(pairOf));
  for (const key of new Set([...oracle.flows.keys(), ...sums.keys()])) {
    const expected = oracle.flows.get(key);
    const seen = sums.get(key);
    const equal = expected?.packets === seen?.packets && expected?.ipBytes === seen?.ipBytes;
    if (equal || (blurred.has(pairOf(key)) && isAtMost(expected, seen))) continue;
    differences.push(`${key}: oracle ${describeSum(expected)}, here ${describeSum(seen)}`);
  }
  const expectedPairs = sumPairs([...oracle.flows, ...oracle.portless]);
  const seenPairs = sumPairs([...sums]);
  let missing = 0;
  for (const pair of blurred) {
    const expected = expectedPairs.get(pair);
    const seen = seenPairs.get(pair);
    missing += (expected?.packets ?? 0) - (seen?.packets ?? 0);
    const samePackets = expected?.packets === seen?.packets;
    if (samePackets ? expected?.ipBytes === seen?.ipBytes : isAtMost(seen, expected)) continue;
    differences.push(`${pair}: oracle ${describeSum(expected)}, here ${describeSum(seen)}`);
  }
  if (blurred.size > 0 && missing !== portlessRefused)
    differences.push(`${missing} packets of the oracle are missing, ${portlessRefused} were refused`);
  return differences;
}

/** Protocol, source and destination of a five-tuple. */
function pairOf(key: string): string {
  const [protocol, source, , destination] = key.split(' ');
  return `${protocol} ${source} ${destination}`;
}

function sumPairs(flows: readonly (readonly [string, { packets: number; ipBytes: number }])[]): FlowSums {
  const pairs: FlowSums = new Map();
  for (const [key, { packets, ipBytes }] of flows) addToSums(pairs, pairOf(key), packets, ipBytes);
  return pairs;
}

type Sum = { packets: number; ipBytes: number } | undefined;

function isAtMost(a: Sum, b: Sum): boolean {
  return (a?.packets ?? 0) <= (b?.packets ?? 0) && (a?.ipBytes ?? 0) <= (b?.ipBytes ?? 0);
}

function describeSum(sum: Sum): string {
  return sum === undefined ? 'nothing' : `${sum.packets} packets, ${sum.ipBytes} bytes`;
}
