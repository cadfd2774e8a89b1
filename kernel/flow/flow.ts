/**
 * The recorder's inner loop, as WebAssembly: what happens to nearly every packet, from the bytes of a capture file to the events of flows. It reads plain
 * records and decodes plain frames (frames.ts), finds NICs and hashes (keys.ts), counts packets into flows, begins and ends flows (observe.ts, with
 * rows.ts for the table, judge.ts for the rules and events.ts for what is logged), and lets time pass (age.ts). Where anything else is to be done it stops, and TypeScript does it
 * on the same memory; TypeScript alone gives the same events, and tests hold both to that.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: src/flow/kernel-layout.ts. No allocation; imports are the memory, and `judge`.
 */
export { endAll, sweep } from './age';
export { decode, readRecords } from './frames';
export { judgeNumber } from './judge';
export { prepare } from './keys';
export { observe } from './observe';
