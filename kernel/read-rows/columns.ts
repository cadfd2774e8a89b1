/** Columns by slot that the order of rows and their runs need, as `slotColumns` in src/lake/tuples/read-kernel.ts has them. AssemblyScript, a part of kernel/read-rows/read-rows.ts. */
export const macSlot: u32 = 8;
export const resourceSlot: u32 = 9;
export const formatSlot: u32 = 10;
export const recordTimeSlot: u32 = 12;
export const recordOffsetSlot: u32 = 13;
export const tupleIndexSlot: u32 = 14;
export const blobSlot: u32 = 19;
export const ruleSlot: u32 = 20;
export const nsgSlot: u32 = 21;
export const targetSlot: u32 = 22;
export const aclSlot: u32 = 23;
