/** Where values and pages lie in the memory of kernel/pages/pages.ts, in bytes; read by page-kernel.ts and, as AssemblyScript, by the kernel. */

/** Rows of a row group at the most. */
export const rowsMax = 122_880;

/** Numbers that a call leaves beside what it returns: see `Result` in page-kernel.ts. */
export const resultAt = 1024;
/** Tables of the Huffman coder, 16 KiB. */
export const huffmanAt = 4096;
/** Octets as text with the dot behind: four bytes each, then their lengths. */
export const octetsAt = 20_480;
export const octetLengthsAt = octetsAt + 1024;

/** Values of a column: up to 16 bytes a row. */
export const inputAt = 65_536;
/** Families of addresses, a byte a row. */
export const familiesAt = inputAt + 16 * rowsMax;
/** Index in the dictionary of each row that has a value. */
export const indexesAt = familiesAt + rowsMax;
/** 1 where the row has a value, else 0. */
export const levelsAt = indexesAt + 4 * rowsMax;
/** Distinct values: 16 bytes an address, 8 a number. */
export const distinctAt = levelsAt + rowsMax;
export const distinctFamiliesAt = distinctAt + 16 * rowsMax;
/** Hashes of the texts of the distinct addresses, a double each. */
export const hashesAt = distinctFamiliesAt + rowsMax;
export const bucketsAt = hashesAt + 8 * rowsMax;
export const bucketsMax = 262_144;
/** Indexes of numbers that lie close together, by distance from the least. */
export const directMax = 131_072;
export const directAt = bucketsAt + 4 * bucketsMax;
/** Values that are no addresses, of halves of addresses: 8 bytes each. */
export const halvesAt = directAt + 4 * directMax;
/** Indexes of halves by index of the address. */
export const halfIndexesAt = halvesAt + 8 * rowsMax;
/** Bodies of pages before they are compressed. */
export const dictionaryAt = halfIndexesAt + 4 * rowsMax;
export const dictionaryLengthMax = 44 * rowsMax;
export const bodyAt = dictionaryAt + dictionaryLengthMax;
export const bodyLengthMax = 12 * rowsMax;
/** By place in the row group, the row that was read. */
export const orderAt = bodyAt + bodyLengthMax;
/** A compressed page. */
export const outAt = orderAt + 4 * rowsMax;
export const outLengthMax = dictionaryLengthMax + 65_536;
export const memoryLength = 21_757_952;
