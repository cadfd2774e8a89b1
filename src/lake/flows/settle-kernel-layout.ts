/** Where things lie in the memory of kernel/settle, in bytes; read by settle-kernel.ts and, as AssemblyScript, by the kernel. */

/** Tuples that come at once, and their runs. */
export const rowsMax = 122_880;

/** Room of a column. Not a multiple of a page: the values of a row would push each other out of the processor's cache. */
const rowsRoom = rowsMax + 40;

/** Columns of tuples that come, as StagedRows has them. */
export const timeAt = 65_536;
export const countersAt = timeAt + 8 * rowsRoom;
/** Between columns of counters: packets and bytes forward, then reverse. */
export const counterLength = 8 * rowsRoom;
export const sourceAt = countersAt + 4 * counterLength;
export const destinationAt = sourceAt + 16 * rowsRoom;
export const tupleIndexAt = destinationAt + 16 * rowsRoom;
export const sourcePortAt = tupleIndexAt + 4 * rowsRoom;
export const destinationPortAt = sourcePortAt + 2 * rowsRoom;
export const protocolAt = destinationPortAt + 2 * rowsRoom;
export const familyAt = protocolAt + rowsRoom;
export const directionAt = familyAt + rowsRoom;
export const accessAt = directionAt + rowsRoom;
export const stateAt = accessAt + rowsRoom;
export const encryptionAt = stateAt + rowsRoom;
/** By run: record time and offset, row behind the last one, group of texts. */
export const runTimeAt = encryptionAt + rowsRoom;
export const runOffsetAt = runTimeAt + 8 * rowsRoom;
export const runEndAt = runOffsetAt + 8 * rowsRoom;
export const runGroupAt = runEndAt + 4 * rowsRoom;

/** Rows that leave at once, and reports: those of one more row may be many. */
export const batchMax = 8192;
export const batchReportsMax = batchMax + 65_536;
/** Rows and reports in the order in which they were built. */
export const batchAt = (runGroupAt + 4 * rowsRoom + 63) & ~63;
export const rowLength = 256;
/** Of a row: where its group begins and ends, its part, its access, and which observer it is. */
export const rowStartAt = 0;
export const rowEndAt = 8;
export const rowPartAt = 16;
export const rowAccessAt = 20;
export const rowObserverAt = 24;
export const builtReportsAt = batchAt + rowLength * batchMax;
export const builtCountingAt = builtReportsAt + 48 * batchReportsMax;
/** By part, the row behind its last one; each row may be of another part. */
export const partEndAt = builtCountingAt + 48 * batchReportsMax;

const batchRoom = batchMax + 40;
const batchReportsRoom = batchReportsMax + 40;
/** Columns of rows, part by part; the names are those of FlowColumns and OwnColumns. */
const columnsAt = partEndAt + 4 * batchMax;
export const doubleLength = 8 * batchRoom;
export const outTimeAt = columnsAt;
export const outLastTimeAt = outTimeAt + doubleLength;
/** Four columns. */
export const outCountersAt = outLastTimeAt + doubleLength;
export const outTuplesAt = outCountersAt + 4 * doubleLength;
export const outObserverAt = outTuplesAt + doubleLength;
export const outObserversAt = outObserverAt + doubleLength;
export const outRecordTimeAt = outObserversAt + doubleLength;
export const outRecordOffsetAt = outRecordTimeAt + doubleLength;
export const outGroupBeforeAt = outRecordOffsetAt + doubleLength;
export const outGroupAfterAt = outGroupBeforeAt + doubleLength;
export const outOwnTimeAt = outGroupAfterAt + doubleLength;
export const outOwnLastTimeAt = outOwnTimeAt + doubleLength;
export const outOwnTuplesAt = outOwnLastTimeAt + doubleLength;
/** Four columns. */
export const outOwnCountersAt = outOwnTuplesAt + doubleLength;
export const outSourceAt = outOwnCountersAt + 4 * doubleLength;
export const outDestinationAt = outSourceAt + 16 * batchRoom;
export const outConversationAt = outDestinationAt + 16 * batchRoom;
export const outGroupAt = outConversationAt + 16 * batchRoom;
export const outTupleIndexAt = outGroupAt + 4 * batchRoom;
/** Behind the last report of each row, of all rows of the batch. */
export const outReportsEndAt = outTupleIndexAt + 4 * batchRoom;
export const outCountingEndAt = outReportsEndAt + 4 * batchRoom;
export const outSourcePortAt = outCountingEndAt + 4 * batchRoom;
export const outDestinationPortAt = outSourcePortAt + 2 * batchRoom;
export const outFamilyAt = outDestinationPortAt + 2 * batchRoom;
export const outProtocolAt = outFamilyAt + batchRoom;
export const outAccessAt = outProtocolAt + batchRoom;
export const outContinuedAt = outAccessAt + batchRoom;
export const outDirectionAt = outContinuedAt + batchRoom;
export const outStateAt = outDirectionAt + batchRoom;
export const outEncryptionAt = outStateAt + batchRoom;
export const outNumberedAt = outEncryptionAt + batchRoom;
export const outOwnAccessAt = outNumberedAt + batchRoom;
/** Six columns of reports, of each kind: the time before, the time, four counters. */
export const reportLength = 8 * batchReportsRoom;
export const outReportsAt = outOwnAccessAt + batchRoom;
export const outCountingAt = outReportsAt + 6 * reportLength;

/**
 * Behind all this lies what there is as much room of as needed. First, by group of texts, 4 bytes each: its observer but for the direction, the rank
 * of this in order of texts, and that of its blob; then what kernel/settle/memory.ts says.
 */
export const observerAt = (outCountingAt + 6 * reportLength + 63) & ~63;
export const groupLength = 52;
/** The room for groups is a multiple of this. So everything behind it is aligned. */
export const groupsUnit = 16;

/** By tuple that is held there is so much memory, and buckets. */
export const tupleLength = 128;
export const flowLength = 80;
/** A tuple, a flow, its place in three lists, and two places of conversations. */
export const heldLength = tupleLength + flowLength + 3 * 4 + 2 * 8;
/** Of a tuple: its group of texts, in 4 bytes. */
export const tupleGroupAt = 44;
