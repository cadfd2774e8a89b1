/** Columns by slot that the order of rows needs, as `slotColumns` in src/lake/read-kernel.ts has them. AssemblyScript, a part of kernel/read-rows.ts. */
export const recordTimeSlot: u32 = 12;
export const recordOffsetSlot: u32 = 13;
export const tupleIndexSlot: u32 = 14;
export const blobSlot: u32 = 19;
