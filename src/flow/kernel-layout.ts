/**
 * Where everything lies in the memory of the kernel, in bytes; read by kernel.ts and, as AssemblyScript, by kernel/flow.ts. The table comes last and is
 * never moved: pages that were not touched cost no memory.
 */

/** Packets of a batch: `limits.batchPackets`. */
export const batchRows = 256;

/** Six doubles: packets counted, their bytes, packets of no NIC, observations allowed, their bytes, observations denied. */
export const countsAt = 4096;
/** A word that means nothing. */
export const touchedAt = 4160;

/** Columns of the batch of packets (net/packet.ts). */
export const timeMillisAt = 8192;
export const sourceAt = timeMillisAt + 8 * batchRows;
export const destinationAt = sourceAt + 16 * batchRows;
export const ipBytesAt = destinationAt + 16 * batchRows;
export const sourcePortAt = ipBytesAt + 4 * batchRows;
export const destinationPortAt = sourcePortAt + 2 * batchRows;
export const familyAt = destinationPortAt + 2 * batchRows;
export const protocolAt = familyAt + batchRows;
export const tcpFlagsAt = protocolAt + batchRows;

/** What is found out about each packet before flows are looked up: NICs, hashes, and likely rows. */
export const sourceNicAt = tcpFlagsAt + batchRows;
export const destinationNicAt = sourceNicAt + 4 * batchRows;
export const sourceHashAt = destinationNicAt + 4 * batchRows;
export const destinationHashAt = sourceHashAt + 4 * batchRows;
export const guessAt = destinationHashAt + 4 * batchRows;

/** Columns of the batch of captured packets (capture/batch.ts), and their bytes. */
export const startAt = guessAt + 8 * batchRows;
export const capturedLengthAt = startAt + 4 * batchRows;
export const timeNanosAt = capturedLengthAt + 4 * batchRows;
export const timeSecondsAt = timeNanosAt + 4 * batchRows;
export const linkTypeAt = timeSecondsAt + 8 * batchRows;
export const framesAt = 65_536;
export const framesLength = 589_824;

/** From address to NIC (nsg/nic-table.ts): four words a slot, and a number a slot. */
export const nicSlotsMax = 65_536;
export const nicWordsAt = 1_048_576;
export const nicNumbersAt = 2_097_152;
/** Idle timeout of each NIC, a double. */
export const timeoutsAt = 2_359_296;

/** Rows, hashes, decisions, free rows and buckets of the table. */
export const rowsMax = 4_194_304;
export const wordsAt = 4_194_304;
export const hashesAt = wordsAt + 64 * rowsMax;
export const decisionsAt = hashesAt + 4 * rowsMax;
export const freeAt = decisionsAt + 4 * rowsMax;
export const bucketsAt = freeAt + 4 * rowsMax;
export const memoryLength = bucketsAt + 16 * rowsMax;
