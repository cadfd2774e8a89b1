/**
 * The flows of a group become conversations: the nth flows of all observers are one; flows that continue from the date before are numbered apart.
 * AssemblyScript, a part of kernel/settle/settle.ts.
 */
import { Address } from '../base/address';
import { closedCoverMillis, coveredUntil, dateStart, flowCount, groupStart } from './group';
import { firstFlows, Flow, flowCounts, flows, keyFirst, keyLatest, list, Row, Tuple, tuples } from './memory';
import { addRow } from './row';
import { sort } from './sort';

const accessDeny: u8 = 1;
/** Of `ownAccess`: that of the conversation. */
const accessSame: u8 = 2;

/** Distinguishes conversations of tuples that came after their date was frozen. 0: none of these. */
let apart: u32 = 0;
/** What all rows of the conversation have. */
let firstMillis: f64 = 0;
let lastMillis: f64 = 0;
let tupleTotal: u32 = 0;
let access: u8 = 0;
let isContinued: bool = false;
let observerTotal: u32 = 0;
let conversation: u64 = 0;
/** The number of the flow whose counters are the conversation's. */
let counting: u32 = 0;
/** Rows so far; the host sets it back. */
export let built: u32 = 0;

export function setApart(number: u32): void {
  apart = number;
}

export function forgetBuilt(): void {
  built = 0;
}

/** Builds the rows of the group. */
export function emitGroup(): void {
  if (flowCount == 1) {
    list[0] = 0;
    emitConversation(1, flows[0].isContinued ? 1 : 0);
    return;
  }
  match();
  for (let i: u32 = 0; i < flowCount; i++) {
    const key = flows[i].key;
    if (keyFirst[key] != i + 1) continue;
    let count: u32 = 0;
    for (let number = i + 1; number != 0; number = flows[number - 1].sibling, count++) list[count] = number - 1;
    emitConversation(count, key);
  }
}

function match(): void {
  memory.fill(changetype<usize>(keyFirst), 0, (<usize>flowCount) << 3);
  let continuing: u32 = 0;
  for (let i: u32 = 0; i < flowCount; i++) {
    const flow = flows[i];
    if (firstFlows[flow.observer] != 0) continue;
    firstFlows[flow.observer] = i + 1;
    continuing += flow.isContinued ? 1 : 0;
  }
  for (let i: u32 = 0; i < flowCount; i++) {
    const flow = flows[i];
    const first = flows[firstFlows[flow.observer] - 1];
    const isEarly = tuples[flow.first].timeMillis < dateStart + closedCoverMillis;
    const othersContinue = continuing > <u32>(first.isContinued ? 1 : 0);
    const continued: u32 = flow.isContinued || (isEarly && othersContinue) ? 1 : 0;
    const count = (flow.observer << 1) | continued;
    const nth = flowCounts[count];
    flowCounts[count] = nth + 1;
    append(flow, i, (nth << 1) | continued);
  }
  for (let i: u32 = 0; i < flowCount; i++) {
    const observer = flows[i].observer;
    firstFlows[observer] = 0;
    flowCounts[observer << 1] = 0;
    flowCounts[(observer << 1) | 1] = 0;
  }
}

function append(flow: Flow, number: u32, key: u32): void {
  flow.key = key;
  flow.sibling = 0;
  if (keyFirst[key] == 0) keyFirst[key] = number + 1;
  else flows[keyLatest[key] - 1].sibling = number + 1;
  keyLatest[key] = number + 1;
}

/** Builds the rows of the listed flows. */
function emitConversation(count: u32, key: u32): void {
  firstMillis = Infinity;
  lastMillis = -Infinity;
  tupleTotal = 0;
  isContinued = (key & 1) == 1;
  observerTotal = count;
  conversation = count > 1 ? numberOf(tuples[flows[list[0]].first], key) : 0;
  if (count > 1) sort(list, count, true);
  counting = list[0];
  access = 0;
  for (let i: u32 = 0; i < count; i++) {
    const flow = flows[list[i]];
    firstMillis = Math.min(firstMillis, tuples[flow.first].timeMillis);
    lastMillis = Math.max(lastMillis, tuples[flow.last].timeMillis);
    tupleTotal += flow.tuples;
    access |= flow.access;
  }
  // Denied flows come first, else in the order in which they count.
  let observer: u32 = 0;
  for (let i: u32 = 0; access == accessDeny && i < count; i++)
    if (flows[list[i]].access == accessDeny) emitRow(list[i], observer++);
  for (let i: u32 = 0; i < count; i++) if (flows[list[i]].access != accessDeny) emitRow(list[i], observer++);
}

function emitRow(number: u32, observer: u32): void {
  const flow = flows[number];
  const counted = flows[counting];
  const first = tuples[flow.first];
  const row = addRow(flow, observer == 0 && number != counting ? counted : null);
  built++;
  row.groupStart = groupStart;
  row.groupEnd = coveredUntil;
  row.access = access;
  row.observer = observer;
  row.observers = observerTotal;
  row.timeMillis = firstMillis;
  row.lastTimeMillis = lastMillis;
  row.packetsForward = counted.packetsForward;
  row.bytesForward = counted.bytesForward;
  row.packetsReverse = counted.packetsReverse;
  row.bytesReverse = counted.bytesReverse;
  row.recordTimeMillis = flow.recordTimeMillis;
  row.recordOffset = first.recordOffset;
  row.source.high = first.source.high;
  row.source.low = first.source.low;
  row.destination.high = first.destination.high;
  row.destination.low = first.destination.low;
  row.ports = first.ports;
  row.conversation = conversation;
  row.group = first.group;
  row.tupleIndex = first.tupleIndex;
  row.tuples = tupleTotal;
  row.isContinued = isContinued;
  row.direction = first.direction;
  row.state = tuples[flow.last].state;
  row.encryption = first.encryption;
  row.ownTuples = flow.tuples;
  setOwn(row, flow, counted);
}

/** What a row has of its own: none stands for what is the conversation's. */
function setOwn(row: Row, flow: Flow, counted: Flow): void {
  const first = tuples[flow.first].timeMillis;
  const last = tuples[flow.last].timeMillis;
  row.ownTimeMillis = first == firstMillis ? NaN : first;
  row.ownLastTimeMillis = last == lastMillis ? NaN : last;
  const isSame = observerTotal == 1 || (flow.access == access && countSame(flow, counted));
  row.ownAccess = isSame ? accessSame : flow.access;
  row.ownPacketsForward = isSame ? NaN : flow.packetsForward;
  row.ownBytesForward = isSame ? NaN : flow.bytesForward;
  row.ownPacketsReverse = isSame ? NaN : flow.packetsReverse;
  row.ownBytesReverse = isSame ? NaN : flow.bytesReverse;
}

// @inline
function areSame(a: f64, b: f64): bool {
  // NaN, which does not equal itself, is the same as NaN.
  return a == b || (a != a && b != b);
}

function countSame(a: Flow, b: Flow): bool {
  return (
    areSame(a.packetsForward, b.packetsForward) &&
    areSame(a.bytesForward, b.bytesForward) &&
    areSame(a.packetsReverse, b.packetsReverse) &&
    areSame(a.bytesReverse, b.bytesReverse)
  );
}

let high: u32 = 0;
let low: u32 = 0;

/** A number of 64 bits for a conversation, which depends on nothing but the tuples of its group. */
function numberOf(tuple: Tuple, key: u32): u64 {
  high = 0x243f6a88;
  low = 0x85a308d3;
  addAddress(tuple.source);
  addAddress(tuple.destination);
  add(rotl<u32>(<u32>tuple.ports, 16));
  // Protocol and family.
  add(<u32>(tuple.ports >> 32));
  add(<u32>(<i64>Math.floor(groupStart / 4294967296)));
  add(<u32>(<i64>groupStart % 4294967296));
  add(key);
  add(apart);
  return ((<u64>low) << 32) | high;
}

function addAddress(address: Address): void {
  add(address.word0);
  add(address.word1);
  add(address.word2);
  add(address.word3);
}

function add(word: u32): void {
  high = mix(high ^ word);
  low = mix((low * 0x9e3779b1) ^ word ^ high);
}

/** The finalizer of MurmurHash3. */
// @inline
function mix(value: u32): u32 {
  let hash = (value ^ (value >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}
