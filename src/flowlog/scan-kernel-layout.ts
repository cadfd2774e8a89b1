/** Where bytes and columns lie in the memory of kernel/scan/scan.ts, in bytes; read by tuple-scanner.ts and, as AssemblyScript, by the kernel. */

/** Rows that the kernel's columns hold. */
export const rowsMax = 262_144;

/** How many rows are in use after a call. */
export const resultAt = 1024;
/** The groups of an IPv6 address while it is read. */
export const groupsAt = 1088;
/** How many digits each octet has. */
export const octetDigitsAt = 2048;

/** A piece of the input, and room behind it. */
export const windowAt = 65_536;
export const windowLength = 262_144;

export const timeMillisAt = windowAt + windowLength + 1024;
export const packetsForwardAt = timeMillisAt + 8 * rowsMax;
export const bytesForwardAt = packetsForwardAt + 8 * rowsMax;
export const packetsReverseAt = bytesForwardAt + 8 * rowsMax;
export const bytesReverseAt = packetsReverseAt + 8 * rowsMax;
export const sourceAt = bytesReverseAt + 8 * rowsMax;
export const destinationAt = sourceAt + 16 * rowsMax;
export const groupAt = destinationAt + 16 * rowsMax;
export const sourcePortAt = groupAt + 4 * rowsMax;
export const destinationPortAt = sourcePortAt + 2 * rowsMax;
export const familyAt = destinationPortAt + 2 * rowsMax;
export const protocolAt = familyAt + rowsMax;
export const directionAt = protocolAt + rowsMax;
export const accessAt = directionAt + rowsMax;
export const stateAt = accessAt + rowsMax;
export const encryptionAt = stateAt + rowsMax;
export const memoryLength = 23_003_136;
