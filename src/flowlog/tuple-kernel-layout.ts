/**
 * Where tuples lie in the memory of kernel/tuples/tuples.ts, in bytes; read by tuple-kernel.ts and, as AssemblyScript, by the kernels.
 *
 *   tables, text, sort keys │ columns as made │ the same columns in order
 */

/** Tuples written at once. */
export const rowsMax = 512;
/** Rows of tuples that are made in this memory, and put in order in it; behind them those that are brought to be written. */
export const ownRows = 131_072;
const rows = ownRows + rowsMax;

/** Digits of 0 to 99, of each octet, and the names of encryption states: 32 bytes each, of which the last is the length. */
export const pairsAt = 4096;
export const octetsAt = 4352;
export const encryptionsAt = 5376;

/** Sorting: bits of a key that one pass sorts by, how often each digit comes, and the bits of a row's number. */
export const digitBits = 11;
export const digitsAt = 8192;
export const rowBits = 17;

/** Where the text goes: room for the longest tuple in every row. */
export const textAt = 65_536;
export const textLength = 260 * rowsMax;

/** By group: its rank in the order of a NIC's tuples. */
export const ranksMax = 65_536;
export const ranksAt = 262_144;
/** Sort keys, twice, and where a NIC or group begins that is another than the row's before. */
export const keysAt = ranksAt + 4 * ranksMax;
export const spareKeysAt = keysAt + 8 * ownRows;
export const runsAt = spareKeysAt + 8 * ownRows;

/** Columns of tuples in order; those as made lie `columnsLength` before. */
export const columnsLength = 90 * rows;
export const timeAt = runsAt + 4 * ownRows + columnsLength;
export const packetsForwardAt = timeAt + 8 * rows;
export const bytesForwardAt = packetsForwardAt + 8 * rows;
export const packetsReverseAt = bytesForwardAt + 8 * rows;
export const bytesReverseAt = packetsReverseAt + 8 * rows;
export const sourceAt = bytesReverseAt + 8 * rows;
export const destinationAt = sourceAt + 16 * rows;
export const groupAt = destinationAt + 16 * rows;
export const nicAt = groupAt + 4 * rows;
export const sourcePortAt = nicAt + 4 * rows;
export const destinationPortAt = sourcePortAt + 2 * rows;
export const familyAt = destinationPortAt + 2 * rows;
export const protocolAt = familyAt + rows;
export const directionAt = protocolAt + rows;
export const accessAt = directionAt + rows;
export const stateAt = accessAt + rows;
export const encryptionAt = stateAt + rows;
export const memoryLength = 26_869_760;
