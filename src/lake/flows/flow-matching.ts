/** Which flows of a group are one conversation: the nth flows of all observers; flows that continue from the date before are numbered apart. */
import { closedCoverMillis } from './definition.ts';
import type { FlowGroup } from './flow-group.ts';
import { none } from './flow-group.ts';
import type { TuplePool } from './tuple-pool.ts';

export class FlowMatching {
  /** Conversations of the group, in the order of their first flows: twice which flow of its observers it is, and 1 more where it is continued. */
  keys: number[] = [];
  readonly #pool: TuplePool;
  readonly #dateStart: number;
  /** By key, its first and its latest flow; by flow, the next one of the same key. */
  #first = new Int32Array(0);
  #latest = new Int32Array(0);
  #next = new Int32Array(0);
  /** By observer, the first of its flows; by observer and whether flows are continued, how many there were. */
  #firstOf = new Int32Array(0);
  #countOf = new Int32Array(0);

  constructor(pool: TuplePool, dateStart: number) {
    this.#pool = pool;
    this.#dateStart = dateStart;
  }

  /** Matches the flows of a group, of observers whose numbers are below `observersEnd`. */
  match({ flows, count }: FlowGroup, observersEnd: number): void {
    this.#reserve(count, observersEnd);
    const { timeMillis } = this.#pool.columns;
    const { observer, isContinued, firstRow } = flows;
    const firstOf = this.#firstOf;
    let continuing = 0;
    for (let flow = 0; flow < count; flow++)
      if (firstOf[observer[flow]] === none) {
        firstOf[observer[flow]] = flow;
        continuing += isContinued[flow];
      }
    this.keys = [];
    for (let flow = 0; flow < count; flow++) {
      const its = observer[flow];
      const isEarly = timeMillis[firstRow[flow]] < this.#dateStart + closedCoverMillis;
      const othersContinue = continuing > isContinued[firstOf[its]];
      const continued = isContinued[flow] === 1 || (isEarly && othersContinue) ? 1 : 0;
      this.#append(2 * this.#countOf[2 * its + continued]++ + continued, flow);
    }
    for (let flow = 0; flow < count; flow++) {
      firstOf[observer[flow]] = none;
      this.#countOf.fill(0, 2 * observer[flow], 2 * observer[flow] + 2);
    }
  }

  /** The flows of a conversation, in the order in which they began. */
  flowsOf(key: number): number[] {
    const some: number[] = [];
    for (let flow = this.#first[key]; flow !== none; flow = this.#next[flow]) some.push(flow);
    return some;
  }

  #append(key: number, flow: number): void {
    if (this.#first[key] === none) {
      this.#first[key] = flow;
      this.keys.push(key);
    } else this.#next[this.#latest[key]] = flow;
    this.#latest[key] = flow;
    this.#next[flow] = none;
  }

  #reserve(flows: number, observers: number): void {
    if (this.#next.length < flows) {
      this.#first = new Int32Array(4 * flows);
      this.#latest = new Int32Array(4 * flows);
      this.#next = new Int32Array(2 * flows);
    }
    this.#first.fill(none, 0, 2 * flows);
    if (this.#firstOf.length >= observers) return;
    this.#firstOf = new Int32Array(2 * observers).fill(none);
    this.#countOf = new Int32Array(4 * observers);
  }
}
