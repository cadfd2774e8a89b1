/** What the rules say about a flow: `decide` of src/nsg/compile.ts on the words that src/nsg/pack-rules.ts makes of them. */
import { decisionsAt, rulesAt } from '../../src/flow/kernel-layout';
import { flowDenied, kindFamily6, kindOffset, kindOutbound, kindTcp, numberOf, portsOffset, rowAt } from './rows';

/** Asks TypeScript for the decision on a row, which is written down beside it. @returns whether the flow is denied */
// @external("env", "judge")
declare function ask(number: u32): bool;

/** Addresses and the port of the platform, whose rules are special: TypeScript knows them. */
const hostWord: u32 = 0xa83f8110;
const metadataWord: u32 = 0xa9fea9fe;
const activationPort: u32 = 1688;

const chainLevels: u32 = 3;
const chainLength: u32 = 9;
const stageWords: u32 = 25;
const verdictsAt: u32 = 4;
const verdictDenies: u32 = 1;
const verdictEnds: u32 = 2;
const none: u32 = 0xffffffff;

// @inline
function word(place: u32): u32 {
  return load<u32>(rulesAt + ((<usize>place) << 2));
}

/** As findIpv4Row. @param axis place of an axis' places */
function findIpv4Row(axis: u32, address: u32): u32 {
  const starts = word(axis);
  const piece = word(axis + 3) + (address >> 24);
  let low = word(piece);
  let high = word(piece + 1) + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (word(starts + middle) <= address) low = middle;
    else high = middle;
  }
  return word(axis + 2) + word(word(axis + 1) + low);
}

// @inline
function pair(first: u32, second: u32): u64 {
  return ((<u64>first) << 32) | second;
}

/** As findIpv6Row. @param address where its four words are */
function findIpv6Row(axis: u32, address: usize): u32 {
  const high0 = pair(load<u32>(address), load<u32>(address, 4));
  const low0 = pair(load<u32>(address, 8), load<u32>(address, 12));
  const starts = word(axis);
  let low: u32 = 0;
  let high = word(axis + 3);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const at = starts + (middle << 2);
    const high1 = pair(word(at), word(at + 1));
    if (high1 < high0 || (high1 == high0 && pair(word(at + 2), word(at + 3)) <= low0)) low = middle;
    else high = middle;
  }
  return word(axis + 2) + word(word(axis + 1) + low);
}

// @inline
function findPortRow(axis: u32, port: u32): u32 {
  return word(axis + 2) + word(word(axis + 1) + ((word(word(axis) + (port >> 8)) << 8) | (port & 255)));
}

/** As decideStage. */
function decideStage(stage: u32, row: usize, kind: u32): u32 {
  const isIpv6 = (kind & kindFamily6) != 0;
  const ports = load<u32>(row, portsOffset);
  const words = word(stage);
  const protocols = word(stage + 1) + word((kind & kindTcp) != 0 ? 2 : 3) * words;
  const source = isIpv6 ? findIpv6Row(stage + 10, row) : findIpv4Row(stage + 2, load<u32>(row, 12));
  const destination = isIpv6 ? findIpv6Row(stage + 14, row + 16) : findIpv4Row(stage + 6, load<u32>(row, 28));
  const sourcePort = findPortRow(stage + 18, ports >> 16);
  const destinationPort = findPortRow(stage + 21, ports & 0xffff);
  for (let i: u32 = 0; i < words; i++) {
    const bits =
      word(protocols + i) & word(source + i) & word(destination + i) & word(sourcePort + i) & word(destinationPort + i);
    if (bits != 0) return word(word(stage + 24) + 32 * i + ctz(bits));
  }
  return none;
}

/** Gives a row that was just inserted its decision. @returns whether the flow is denied */
export function judge(row: usize): bool {
  const chains = word(0);
  const kind = load<u32>(row, kindOffset);
  const isOutbound = (kind & kindOutbound) != 0;
  if (chains == 0) return ask(numberOf(row));
  if (isOutbound && (kind & kindFamily6) == 0) {
    const destination = load<u32>(row, 28);
    const port = load<u32>(row, portsOffset) & 0xffff;
    if (destination == hostWord || destination == metadataWord || port == activationPort) return ask(numberOf(row));
  }
  const stages = word(1);
  let chain = chains + chainLength * (kind >> 8) + (isOutbound ? chainLevels : 0);
  let decision: u32 = 0;
  for (const end = chain + chainLevels; chain < end; chain++) {
    const stage = word(chain);
    if (stage == none) continue;
    const found = decideStage(stages + stageWords * stage, row, kind);
    if (found == none) continue;
    decision = found;
    if ((word(verdictsAt + found) & verdictEnds) != 0) break;
  }
  store<u32>(decisionsAt + (numberOf(row) << 2), decision);
  if ((word(verdictsAt + decision) & verdictDenies) == 0) return false;
  store<u32>(row, kind | (flowDenied << 2), kindOffset);
  return true;
}

export function judgeNumber(number: u32): bool {
  return judge(rowAt(number));
}
