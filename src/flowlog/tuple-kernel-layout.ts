/** Where the tuples that are to be written lie in the memory of kernel/tuples.ts, in bytes; read by tuple-kernel.ts and, as AssemblyScript, by the kernel. */

/** Tuples written at once. */
export const rowsMax = 512;

/** Digits of 0 to 99, of each octet, and the names of encryption states: 32 bytes each, of which the last is the length. */
export const pairsAt = 4096;
export const octetsAt = 4352;
export const encryptionsAt = 5376;

export const secondsAt = 8192;
export const millisAt = secondsAt + 4 * rowsMax;
export const sourceAt = millisAt + 4 * rowsMax;
export const destinationAt = sourceAt + 16 * rowsMax;
export const sourcePortAt = destinationAt + 16 * rowsMax;
export const destinationPortAt = sourcePortAt + 2 * rowsMax;
export const familyAt = destinationPortAt + 2 * rowsMax;
export const protocolAt = familyAt + rowsMax;
export const directionAt = protocolAt + rowsMax;
export const accessAt = directionAt + rowsMax;
export const stateAt = accessAt + rowsMax;
export const encryptionAt = stateAt + rowsMax;
export const packetsForwardAt = encryptionAt + rowsMax;
export const bytesForwardAt = packetsForwardAt + 8 * rowsMax;
export const packetsReverseAt = bytesForwardAt + 8 * rowsMax;
export const bytesReverseAt = packetsReverseAt + 8 * rowsMax;

/** Where the text goes: room for the longest tuple in every row. */
export const textAt = 65_536;
export const textLength = 260 * rowsMax;
export const memoryLength = 262_144;
