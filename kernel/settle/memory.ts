/** Memory of what is held, which is made for a number of tuples and of groups of texts. AssemblyScript, a part of kernel/settle/settle.ts. */
import { flowLength, groupLength, observerAt, tupleLength } from '../../src/lake/flows/settle-kernel-layout';

/** By group of texts: as settle-kernel-layout.ts says. */
export let observerRankAt: usize = 0;
export let blobRankAt: usize = 0;
/** By observer and access, the last flow; by observer, the first one; by observer and whether they are continued, how many: 4 bytes each. */
export let lastFlowAt: usize = 0;
export let firstFlowAt: usize = 0;
export let flowCountAt: usize = 0;
export let tuplesAt: usize = 0;
export let flowsAt: usize = 0;
/** Tuples of a five-tuple in order; room for sorting; flows of a conversation: 4 bytes each. */
export let orderAt: usize = 0;
export let spareAt: usize = 0;
export let listAt: usize = 0;
/** By which of its observers' flows a conversation is, the first and the latest of its flows, 4 bytes each. */
export let keyFirstAt: usize = 0;
export let keyLatestAt: usize = 0;
/** First five-tuple by hash. */
export let bucketsAt: usize = 0;

/** @returns where memory for so many tuples and groups ends; `buckets` is a power of two */
export function makeRoom(tuples: u32, buckets: u32, groups: u32): usize {
  observerRankAt = observerAt + ((<usize>groups) << 2);
  blobRankAt = observerRankAt + ((<usize>groups) << 2);
  lastFlowAt = blobRankAt + ((<usize>groups) << 2);
  firstFlowAt = lastFlowAt + ((<usize>groups) << 4);
  flowCountAt = firstFlowAt + ((<usize>groups) << 3);
  tuplesAt = observerAt + <usize>groups * groupLength;
  flowsAt = tuplesAt + <usize>tuples * tupleLength;
  orderAt = flowsAt + <usize>tuples * flowLength;
  spareAt = orderAt + ((<usize>tuples) << 2);
  listAt = spareAt + ((<usize>tuples) << 2);
  keyFirstAt = listAt + ((<usize>tuples) << 2);
  keyLatestAt = keyFirstAt + ((<usize>tuples) << 3);
  bucketsAt = keyLatestAt + ((<usize>tuples) << 3);
  return bucketsAt + ((<usize>buckets) << 2);
}
