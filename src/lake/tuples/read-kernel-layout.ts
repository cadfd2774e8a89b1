/** Where things lie in the memory of kernel/read-rows/read-rows.ts, in bytes; read by read-kernel.ts and, as AssemblyScript, by the kernel. */

/** Rows of a row group at the most. */
export const rowsMax = 122_880;

/** Tables of the decoder of frames. */
export const unzstdAt = 4096;
/** A row group as it was read. */
export const packedAt = 32_768;
export const packedMax = 33_554_432;
/** Bodies of a column's pages. */
export const dictionaryAt = packedAt + packedMax + 64;
export const dictionaryMax = 44 * rowsMax;
export const bodyAt = dictionaryAt + dictionaryMax + 64;
export const bodyMax = 12 * rowsMax;
/** Index in the dictionary of each value. */
export const indexesAt = bodyAt + bodyMax + 64;
/** 1 where the row has a value, else 0. */
export const levelsAt = indexesAt + 4 * rowsMax + 64;
/** By index in a dictionary of texts, the number of the text. */
export const valuesAt = levelsAt + rowsMax + 64;
/** Columns by slot: 4 bytes a row of texts and ports, 8 of numbers. */
export const columnsAt = valuesAt + 4 * rowsMax + 64;
/** Not a multiple of a page: the values of a row would push each other out of the processor's cache. */
export const columnLength = 8 * rowsMax + 320;
/** More than there are columns, for those to come. */
export const slotsMax = 32;
/** Slots that the kernel itself looks at; from that of the blob on come the texts of groups. */
export const recordTimeSlot = 0;
export const recordOffsetSlot = 1;
export const tupleIndexSlot = 2;
export const blobSlot = 3;
/** Rows in the order in which they were read. */
export const orderAt = columnsAt + slotsMax * columnLength;
/** Rows that follow each other in one blob and of one kind: first row, row behind, number of the blob; record time (8 bytes) of the first row. */
export const segmentsAt = orderAt + 4 * rowsMax;
export const segmentLength = 24;
/** Texts: where each lies and its length (4 bytes each), by number from 1 on; 0 is null. */
export const textsAt = segmentsAt + segmentLength * rowsMax;
export const textsMax = 4_194_304;
export const textBucketsAt = textsAt + 8 * textsMax;
export const textBucketsMax = 8_388_608;
export const textBytesAt = textBucketsAt + 4 * textBucketsMax;
export const textBytesMax = 134_217_728;
/** Up to a whole number of pages. */
export const memoryLength = 277_872_640;
