/** Where the tuples that are to be written lie in the memory of kernel/tuples.ts, in bytes; read by tuple-kernel.ts and, as AssemblyScript, by the kernel. */

/** Tuples written at once. */
export const rowsMax = 512;
/** Rows of tuples that are made in this memory, and behind them those that are brought here. */
export const ownRows = 131_072;
const rows = ownRows + rowsMax;

/** Digits of 0 to 99, of each octet, and the names of encryption states: 32 bytes each, of which the last is the length. */
export const pairsAt = 4096;
export const octetsAt = 4352;
export const encryptionsAt = 5376;

/** Where the text goes: room for the longest tuple in every row. */
export const textAt = 65_536;
export const textLength = 260 * rowsMax;

export const timeAt = 262_144;
export const packetsForwardAt = timeAt + 8 * rows;
export const bytesForwardAt = packetsForwardAt + 8 * rows;
export const packetsReverseAt = bytesForwardAt + 8 * rows;
export const bytesReverseAt = packetsReverseAt + 8 * rows;
export const sourceAt = bytesReverseAt + 8 * rows;
export const destinationAt = sourceAt + 16 * rows;
export const sourcePortAt = destinationAt + 16 * rows;
export const destinationPortAt = sourcePortAt + 2 * rows;
export const familyAt = destinationPortAt + 2 * rows;
export const protocolAt = familyAt + rows;
export const directionAt = protocolAt + rows;
export const accessAt = directionAt + rows;
export const stateAt = accessAt + rows;
export const encryptionAt = stateAt + rows;
export const memoryLength = 11_075_584;
