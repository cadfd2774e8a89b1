/** What the rules say about a flow: `decide` of src/nsg/compile.ts, on the words that src/nsg/pack-rules.ts makes of the rules. */
import { Address } from '../base/address';
import {
  AddressAxis,
  decisions,
  FlowRow,
  PackedRules,
  packedRulesBytes,
  PortAxis,
  rows,
  rules,
  Stage,
  stageBytes,
} from './memory';
import { flowDenied, kindFamily6, kindOutbound, kindTcp, nicOf, numberOf, setFlag } from './row';

/** Asks TypeScript for the decision on a row, which is written down beside it. @returns whether the flow is denied */
// @external("env", "judge")
declare function ask(number: u32): bool;

/** Addresses and the port of the platform have rules of their own, which TypeScript knows. */
const hostWord: u32 = 0xa83f8110;
const metadataWord: u32 = 0xa9fea9fe;
const activationPort: u32 = 1688;

/** Stages that a flow of one direction passes, and those of all chains of a NIC. */
const chainLevels: u32 = 3;
const chainLength: u32 = 9;
const verdictDenies: u32 = 1;
const verdictEnds: u32 = 2;
const none: u32 = 0xffffffff;
const wordShift: u32 = 2;

// @inline
function verdictOf(decision: u32): u32 {
  return rules[<u32>(packedRulesBytes >> wordShift) + decision];
}

/** As findIpv4Row. */
function findIpv4Row(axis: AddressAxis, address: u32): u32 {
  const starts = axis.starts;
  const piece = axis.pieces + (address >> 24);
  let low = rules[piece];
  let high = rules[piece + 1] + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rules[starts + middle] <= address) low = middle;
    else high = middle;
  }
  return axis.bits + rules[axis.rowStart + low];
}

// @inline
function pair(first: u32, second: u32): u64 {
  return ((<u64>first) << 32) | second;
}

/** As findIpv6Row. */
function findIpv6Row(axis: AddressAxis, address: Address): u32 {
  const addressHigh = pair(address.word0, address.word1);
  const addressLow = pair(address.word2, address.word3);
  const starts = axis.starts;
  let low: u32 = 0;
  let high = axis.pieces;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const at = starts + (middle << 2);
    const startHigh = pair(rules[at], rules[at + 1]);
    if (startHigh < addressHigh || (startHigh == addressHigh && pair(rules[at + 2], rules[at + 3]) <= addressLow))
      low = middle;
    else high = middle;
  }
  return axis.bits + rules[axis.rowStart + low];
}

// @inline
function findPortRow(axis: PortAxis, port: u32): u32 {
  return axis.bits + rules[axis.rowStart + ((rules[axis.pageOf + (port >> 8)] << 8) | (port & 255))];
}

/** As decideStage. */
function decideStage(stage: Stage, protocols: u32, row: FlowRow, isIpv6: bool): u32 {
  const ports = row.ports;
  const words = stage.words;
  const protocol = stage.protocols + protocols * words;
  const source = isIpv6 ? findIpv6Row(stage.source6, row.source) : findIpv4Row(stage.source4, row.source.word3);
  const destination = isIpv6
    ? findIpv6Row(stage.destination6, row.destination)
    : findIpv4Row(stage.destination4, row.destination.word3);
  const sourcePort = findPortRow(stage.sourcePort, ports >> 16);
  const destinationPort = findPortRow(stage.destinationPort, ports & 0xffff);
  for (let i: u32 = 0; i < words; i++) {
    const bits =
      rules[protocol + i] &
      rules[source + i] &
      rules[destination + i] &
      rules[sourcePort + i] &
      rules[destinationPort + i];
    if (bits != 0) return rules[stage.decisionOf + 32 * i + ctz(bits)];
  }
  return none;
}

// @inline
function stageOf(stages: u32, number: u32): Stage {
  return changetype<Stage>(changetype<usize>(rules) + ((<usize>stages) << wordShift) + <usize>number * stageBytes);
}

/** Gives a row that was just inserted its decision. @returns whether the flow is denied */
export function judge(row: FlowRow): bool {
  const packed = changetype<PackedRules>(changetype<usize>(rules));
  const chains = packed.chains;
  const kind = row.kind;
  const isOutbound = (kind & kindOutbound) != 0;
  const isIpv6 = (kind & kindFamily6) != 0;
  if (chains == 0) return ask(numberOf(row));
  if (isOutbound && !isIpv6) {
    const destination = row.destination.word3;
    const port = row.ports & 0xffff;
    if (destination == hostWord || destination == metadataWord || port == activationPort) return ask(numberOf(row));
  }
  const protocols = (kind & kindTcp) != 0 ? packed.protocolsTcp : packed.protocolsUdp;
  let chain = chains + chainLength * nicOf(kind) + (isOutbound ? chainLevels : 0);
  let decision: u32 = 0;
  for (const end = chain + chainLevels; chain < end; chain++) {
    const stage = rules[chain];
    if (stage == none) continue;
    const found = decideStage(stageOf(packed.stages, stage), protocols, row, isIpv6);
    if (found == none) continue;
    decision = found;
    if ((verdictOf(found) & verdictEnds) != 0) break;
  }
  decisions[numberOf(row)] = decision;
  if ((verdictOf(decision) & verdictDenies) == 0) return false;
  setFlag(row, flowDenied);
  return true;
}

export function judgeNumber(number: u32): bool {
  return judge(rows[number]);
}
