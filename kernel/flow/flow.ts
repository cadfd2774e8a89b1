/**
 * The recorder's inner loop: what happens to nearly every packet, from the bytes of a capture file to the events of flows.
 *
 *   frames.ts    reads plain records of a capture, and decodes plain frames
 *   keys.ts      finds NICs, and hashes five-tuples
 *   observe.ts   counts packets into flows, begins and ends flows; with table.ts, judge.ts (rules) and events.ts (what is logged)
 *   age.ts       what time does to flows
 *
 * At anything else it stops, and TypeScript does the step on the same memory. TypeScript alone gives the same events; tests compare both.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: layout.mjs. No allocation; imports are the memory, and `judge`.
 */
export { endAll, sweep } from './age';
export { decode, readRecords } from './frames';
export { judgeNumber } from './judge';
export { prepare } from './keys';
export { observe } from './observe';
