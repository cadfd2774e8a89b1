/**
 * Where everything lies in the memory of the kernel, in bytes; read by kernel.ts and, as AssemblyScript, by kernel/flow/flow.ts. The table comes last and is
 * never moved: pages that were not touched cost no memory.
 */

/** Before it lies the memory of kernel/tuples/tuples.ts (flowlog/tuple-kernel-layout.ts), where events are made, so that they need not be moved to be written. */
export const start = 26_869_760;

/** Packets of a batch: `limits.batchPackets`. */
export const batchRows = 256;

/**
 * Nine doubles: packets counted, their bytes, packets of no NIC, observations allowed, their bytes, observations denied, flows allowed, flows denied,
 * initiators guessed.
 */
export const countsAt = start + 4096;
export const countsLength = 9;
/** A word that means nothing. */
export const touchedAt = start + 4176;

/** The state of the table (flow/table.ts), a word each. */
export const stateAt = start + 4224;
export const sizeAt = start + 4224;
export const highAt = stateAt + 4;
export const freeCountAt = stateAt + 8;
export const maskAt = stateAt + 12;
export const carriedAt = stateAt + 16;
export const capacityAt = stateAt + 20;
/** Five seeds of hashes. */
export const seedsAt = stateAt + 24;

/** Words: events held, and the most that a packet may find; limits of flows. */
export const eventCountAt = start + 4272;
export const eventRoomAt = start + 4276;
export const flowsPerNicMaxAt = start + 4280;
export const flowsMaxAt = start + 4284;
/** Rows of the batch of captured packets. */
export const capturedCountAt = start + 4288;

/** Columns of the batch of packets (net/packet.ts). */
export const timeMillisAt = start + 8192;
export const sourceAt = timeMillisAt + 8 * batchRows;
export const destinationAt = sourceAt + 16 * batchRows;
export const ipBytesAt = destinationAt + 16 * batchRows;
export const sourcePortAt = ipBytesAt + 4 * batchRows;
export const destinationPortAt = sourcePortAt + 2 * batchRows;
export const familyAt = destinationPortAt + 2 * batchRows;
export const protocolAt = familyAt + batchRows;
export const tcpFlagsAt = protocolAt + batchRows;

/** What is found out about each packet before flows are looked up: NICs, hashes, and likely rows (a row's number + 1, or 0). */
export const sourceNicAt = tcpFlagsAt + batchRows;
export const destinationNicAt = sourceNicAt + 4 * batchRows;
export const sourceHashAt = destinationNicAt + 4 * batchRows;
export const destinationHashAt = sourceHashAt + 4 * batchRows;
export const sourceGuessAt = destinationHashAt + 4 * batchRows;
export const destinationGuessAt = sourceGuessAt + 4 * batchRows;

/** Columns of the batch of captured packets (capture/batch.ts). */
export const startAt = destinationGuessAt + 4 * batchRows;
export const capturedLengthAt = startAt + 4 * batchRows;
export const originalLengthAt = capturedLengthAt + 4 * batchRows;
export const timeNanosAt = originalLengthAt + 4 * batchRows;
export const timeSecondsAt = timeNanosAt + 4 * batchRows;
export const linkTypeAt = timeSecondsAt + 8 * batchRows;

/** Frames that were read elsewhere, as a copy. */
export const framesAt = start + 65_536;
export const framesLength = 589_824;

/** From address to NIC (nsg/nic-table.ts): four words a slot, and a number a slot. */
export const nicSlotsMax = 65_536;
export const nicWordsAt = start + 1_048_576;
export const nicNumbersAt = start + 2_097_152;
/** Idle timeout of each NIC, a double, and its flows. */
export const timeoutsAt = start + 2_359_296;
export const flowsOfNicAt = start + 2_883_584;

/** A chunk of a capture file. */
export const chunkAt = start + 4_194_304;
export const chunkLength = 1_048_576;

/** Rows, hashes, decisions, free rows and buckets of the table. */
export const rowsMax = 4_194_304;
export const wordsAt = start + 5_242_880;
export const hashesAt = wordsAt + 64 * rowsMax;
export const decisionsAt = hashesAt + 4 * rowsMax;
export const freeAt = decisionsAt + 4 * rowsMax;
export const bucketsAt = freeAt + 4 * rowsMax;
/** The rules (nsg/pack-rules.ts); a first word of 0 where TypeScript is asked. */
export const rulesAt = bucketsAt + 8 * rowsMax;
export const rulesLength = 16_777_216;
export const memoryLength = rulesAt + rulesLength;
