import { createHash } from 'node:crypto';
import type { Block } from './container.ts';

/**
 * The block list of one blob in a folder: a journal file next to the blob tree, with one JSON object per line. An append
 * adds a line and never rewrites the file.
 *
 *     {"put":[["<block id>",12,"<crc32>"],…,["<block id>",2,"<crc32>"]],"last":"]}","list":"<fingerprint>"}
 *     {"after":"<fingerprint>","insert":[["<block id>",2685,"<crc32>"]],"list":"<fingerprint>"}
 *
 * `put` lists all blocks; `last` is the text of the last one if it is short and printable. `insert` adds blocks before the
 * last block of the version `after`. `list` is the fingerprint of the resulting version, and the checksum of the line.
 *
 * A line is written before the blob and describes its next version. The valid version is the last one that matches the
 * blob: its length, and the CRC-32 of its blocks. So if a process is killed between the two writes, the previous version
 * is valid. A file that another program puts in the blob's place has no block list, as a copy has none.
 */

export interface JournalBlock extends Block {
  readonly crc32: number;
}

/** A state that the blob had, has, or was about to have. */
export interface Version {
  readonly fingerprint: string;
  readonly blocks: readonly JournalBlock[];
  readonly lengthBytes: number;
  /**
   * Text (ASCII) of the last block; `undefined` if it is long or binary. Then blocks cannot be inserted before it in
   * place.
   */
  readonly last: string | undefined;
}

export interface JournalLine {
  readonly kind: 'put' | 'insert';
  /** Fingerprint of the version that this line extends; `undefined` for `put`. */
  readonly after: string | undefined;
  readonly fingerprint: string;
  readonly blocks: readonly JournalBlock[];
  readonly last: string | undefined;
  /** Length of the blob in this version. */
  readonly lengthBytes: number;
  /** Index of the line that `after` refers to; -1 for `put`. */
  readonly base: number;
  /** Offset in the journal after this line. */
  readonly end: number;
}

/** A last block up to this length is stored as text in the journal. */
const lastBytesMax = 64;

/** The text of a last block if it can be stored in the journal, otherwise `undefined`. */
export function lastText(bytes: Uint8Array): string | undefined {
  if (bytes.length > lastBytesMax || bytes.some((byte) => byte < 0x20 || byte > 0x7e)) return undefined;
  return Buffer.from(bytes).toString('latin1');
}

/** A version with exactly these blocks. */
export function putVersion(blocks: readonly JournalBlock[], last: string | undefined): Version {
  return { fingerprint: putFingerprint(blocks, last), blocks, lengthBytes: sumLengths(blocks), last };
}

/** The version with `inserted` before the last block of `version`. Cost: one copy of the list. */
export function insertVersion(version: Version, inserted: readonly JournalBlock[]): Version {
  return {
    fingerprint: insertFingerprint(version.fingerprint, inserted),
    blocks: [...version.blocks.slice(0, -1), ...inserted, ...version.blocks.slice(-1)],
    lengthBytes: version.lengthBytes + sumLengths(inserted),
    last: version.last,
  };
}

/** The `put` line of `version`, with its newline. */
export function formatPut(version: Version): string {
  const { blocks, last, fingerprint } = version;
  return `${JSON.stringify({ put: blocks.map(formatBlock), ...(last === undefined ? {} : { last }), list: fingerprint })}\n`;
}

/** The `insert` line, with its newline, that creates `version` from the version with the fingerprint `after`. */
export function formatInsert(after: string, inserted: readonly JournalBlock[], version: Version): string {
  return `${JSON.stringify({ after, insert: inserted.map(formatBlock), list: version.fingerprint })}\n`;
}

/**
 * Invalid lines accepted in a journal; killed and competing writers leave single ones. With more, the journal is
 * ignored.
 */
const voidLinesMax = 1000;

/**
 * Parses a journal, one character per byte (latin1). Lines that are incomplete, unknown, have a wrong fingerprint, or
 * extend a missing version are skipped.
 */
export function parseJournal(text: string): JournalLine[] {
  const lines: JournalLine[] = [];
  const known = new Map<string, number>();
  let voidLines = 0;
  for (let start = 0, newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', start)) {
    const line = parseLine(text.slice(start, newline), newline + 1, lines, known);
    start = newline + 1;
    if (line === undefined) {
      if (++voidLines > voidLinesMax) return [];
      continue;
    }
    known.set(line.fingerprint, lines.length);
    lines.push(line);
  }
  return lines;
}

/** The version after the line at `index`. */
export function versionAt(lines: readonly JournalLine[], index: number): Version {
  const line = lines[index];
  const inserted: (readonly JournalBlock[])[] = [];
  let at = index;
  for (; lines[at].kind === 'insert'; at = lines[at].base) inserted.push(lines[at].blocks);
  const put = lines[at];
  const blocks = [...put.blocks.slice(0, -1), ...inserted.reverse().flat(), ...put.blocks.slice(-1)];
  return { fingerprint: line.fingerprint, blocks, lengthBytes: line.lengthBytes, last: line.last };
}

function parseLine(
  piece: string,
  end: number,
  lines: readonly JournalLine[],
  known: ReadonlyMap<string, number>,
): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(piece);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { put, insert, after, last, list } = value as Record<string, unknown>;
  const blocks = parseBlocks(put ?? insert);
  if (blocks === undefined || typeof list !== 'string') return undefined;
  if (put !== undefined) {
    if (last !== undefined && (typeof last !== 'string' || last.length !== blocks.at(-1)?.lengthBytes))
      return undefined;
    if (putFingerprint(blocks, last) !== list) return undefined;
    return {
      kind: 'put',
      after: undefined,
      fingerprint: list,
      blocks,
      last,
      lengthBytes: sumLengths(blocks),
      base: -1,
      end,
    };
  }
  const base = typeof after === 'string' ? known.get(after) : undefined;
  if (base === undefined || typeof after !== 'string' || insertFingerprint(after, blocks) !== list) return undefined;
  const { last: baseLast, lengthBytes: baseLength } = lines[base];
  if (baseLast === undefined) return undefined;
  const lengthBytes = baseLength + sumLengths(blocks);
  return { kind: 'insert', after, fingerprint: list, blocks, last: baseLast, lengthBytes, base, end };
}

function parseBlocks(value: unknown): JournalBlock[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const blocks: JournalBlock[] = [];
  for (const item of value as unknown[]) {
    if (!Array.isArray(item) || item.length !== 3) return undefined;
    const [id, lengthBytes, crc32] = item as unknown[];
    if (typeof id !== 'string' || !Number.isSafeInteger(lengthBytes) || (lengthBytes as number) < 0) return undefined;
    if (typeof crc32 !== 'string' || !/^[0-9a-f]{8}$/.test(crc32)) return undefined;
    blocks.push({ id, lengthBytes: lengthBytes as number, crc32: Number.parseInt(crc32, 16) });
  }
  return blocks;
}

function formatBlock(block: JournalBlock): [string, number, string] {
  return [block.id, block.lengthBytes, block.crc32.toString(16).padStart(8, '0')];
}

function putFingerprint(blocks: readonly JournalBlock[], last: string | undefined): string {
  return fingerprint(`put ${last ?? ''}`, blocks);
}

function insertFingerprint(after: string, blocks: readonly JournalBlock[]): string {
  return fingerprint(after, blocks);
}

function fingerprint(before: string, blocks: readonly JournalBlock[]): string {
  const hash = createHash('sha256').update(before);
  for (const { id, lengthBytes, crc32 } of blocks) hash.update(`\n${id} ${lengthBytes} ${crc32}`);
  return hash.digest('hex').slice(0, 16);
}

function sumLengths(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + block.lengthBytes, 0);
}
