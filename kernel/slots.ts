/** Columns by slot, in the order of `slotColumns` in src/lake/stitch-kernel.ts. AssemblyScript, a part of kernel/stitch.ts. */
export const sourceSlot: u32 = 0;
export const destinationSlot: u32 = 1;
export const sourcePortSlot: u32 = 2;
export const destinationPortSlot: u32 = 3;
export const protocolSlot: u32 = 4;
export const directionSlot: u32 = 5;
export const accessSlot: u32 = 6;
export const stateSlot: u32 = 7;
export const macSlot: u32 = 8;
export const resourceSlot: u32 = 9;
export const formatSlot: u32 = 10;
export const timeSlot: u32 = 11;
export const recordTimeSlot: u32 = 12;
export const recordOffsetSlot: u32 = 13;
export const tupleIndexSlot: u32 = 14;
/** The first of four counters. */
export const counterSlot: u32 = 15;
export const blobSlot: u32 = 19;
