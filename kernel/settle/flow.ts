/** Flows of the group that is being built. AssemblyScript, a part of kernel/settle/settle.ts. */
import { flowLength } from '../../src/lake/flows/settle-kernel-layout';
import { flowsAt } from './memory';

@unmanaged
export class Flow {
  /** Sums of its counters, and how many tuples have some. */
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  recordTimeMillis: f64;
  reports: u32;
  tuples: u32;
  /** Numbers of tuples. */
  first: u32;
  last: u32;
  observer: u32;
  /** Among the flows of which more is to be expected, in order of their last tuples, one too much. */
  before: u32;
  after: u32;
  /** Which of its observer's flows it is, twice, and 1 more where they are continued; the next flow of this key, one too much. */
  key: u32;
  sibling: u32;
  access: u8;
  /** Whether it began on an earlier date. */
  isContinued: bool;
  isOpen: bool;
}

// @inline
export function flowAt(number: u32): Flow {
  return changetype<Flow>(flowsAt + <usize>number * flowLength);
}
