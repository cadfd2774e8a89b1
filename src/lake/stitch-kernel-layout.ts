/** Where things lie in the memory of kernel/stitch.ts, in bytes; read by stitch-kernel.ts and, as AssemblyScript, by the kernel. */

/** Rows of a row group at the most. */
export const rowsMax = 122_880;

/** What is asked: see `Question` in stitch-kernel.ts. */
export const questionAt = 2048;
/** Tables of the decoder of frames. */
export const unzstdAt = 4096;
/** Row groups as they were read: one is taken while the next one comes. */
export const packedAt = 32_768;
export const packedMax = 33_554_432;
/** Bodies of a column's pages. */
export const dictionaryAt = packedAt + 2 * packedMax + 64;
export const dictionaryMax = 44 * rowsMax;
export const bodyAt = dictionaryAt + dictionaryMax + 64;
export const bodyMax = 12 * rowsMax;
/** Index in the dictionary of each value. */
export const indexesAt = bodyAt + bodyMax + 64;
/** 1 where the row has a value, else 0. */
export const levelsAt = indexesAt + 4 * rowsMax + 64;
/** By eight rows, how many before them have a value. */
export const ranksAt = levelsAt + rowsMax + 64;
/** By index in a dictionary of texts, the number of the text, 0 where it was not looked for, and where it lies. */
export const valuesAt = ranksAt + rowsMax / 2 + 64;
/** Rows that are taken, where these are few. */
export const selectedAt = valuesAt + 8 * rowsMax;
/** Columns by slot: 4 bytes a row of texts and ports, 8 of numbers. */
export const columnsAt = selectedAt + 4 * rowsMax + 64;
/** Not a multiple of a page: the values of a row would push each other out of the processor's cache. */
export const columnLength = 8 * rowsMax + 320;
export const slotsMax = 25;
/** Rows in the order in which they were read. */
export const orderAt = columnsAt + slotsMax * columnLength;
/** Rows that follow each other in one blob and of one kind: first row, row behind, number of the blob; record time (8 bytes) of the first row. */
export const segmentsAt = orderAt + 4 * rowsMax;
export const segmentLength = 24;
/** Rows of one record on their way into order, and how many are of each second. */
export const sortedAt = segmentsAt + segmentLength * rowsMax;
export const secondsAt = sortedAt + 4 * rowsMax;
export const secondsMax = 4096;
/** Keys of some rows that are looked up together, 24 bytes each. */
export const keysAt = secondsAt + 4 * (secondsMax + 2);
export const keysMax = 256;

/** Texts: where each lies and its length (4 bytes each), by number from 1 on; 0 is null. */
export const textsAt = keysAt + 24 * keysMax;
export const textsMax = 4_194_304;
export const textBucketsAt = textsAt + 8 * textsMax;
export const textBucketsMax = 8_388_608;
export const textBytesAt = textBucketsAt + 4 * textBucketsMax;
export const textBytesMax = 134_217_728;

/** Observers: numbers of the texts of resource, MAC, direction and format. */
export const observersAt = textBytesAt + textBytesMax;
export const observersMax = 65_536;
export const observerBucketsAt = observersAt + 16 * observersMax;
export const observerBucketsMax = 131_072;
/** By observer, its place in the order of resources and MACs; the highest bit is set where it is inbound. */
export const observerRanksAt = observerBucketsAt + 4 * observerBucketsMax;

/** Groups: words of their values, then what was added up. */
export const groupBucketsAt = observerRanksAt + 4 * observersMax;
export const groupBucketsMax = 16_777_216;
export const groupsAt = groupBucketsAt + 4 * groupBucketsMax;
export const groupsLengthMax = 536_870_912;

/** Flows that an observer saw, chained by five-tuple. */
export const flowBucketsAt = groupsAt + groupsLengthMax;
export const flowBucketsMax = 16_777_216;
/** Flows of one five-tuple while they are matched. */
export const matchAt = flowBucketsAt + 4 * flowBucketsMax;
export const matchMax = 1_048_576;
/** Buckets of five-tuples of several flows. */
export const chainedAt = matchAt + 4 * matchMax;
export const flowsAt = chainedAt + 4 * flowBucketsMax;
export const flowsLengthMax = 1_040_187_392;
export const memoryLength = 2_090_467_328;
