/** How far one blob has been read. The reader (source) gives the values their meaning; the lake keeps and compares them. */
export interface BlobPosition {
  /** Of the blob as it was read. */
  readonly etag: string;
  /** Length of the blob as it was read. */
  readonly lengthBytes: number;
  /** Bytes from the blob's start that need no reading again. */
  readonly readBytes: number;
  /** Committed blocks that lie in `readBytes`; absent for a blob without a block list. */
  readonly blocks?: number;
  /** Of the bytes in `readBytes`, or of the ids and lengths of the blocks in it, so that a rewritten blob is noticed. */
  readonly fingerprint?: string;
  /** Of the bytes of the blocks in `readBytes`, for a blob whose ETag changed though its block list did not. */
  readonly content?: string;
  /** What was read ended inside a record: when the blob changes, all of it is read again. */
  readonly torn?: true;
  /** When the blob was last changed, as it was read; epoch milliseconds. */
  readonly modifiedMillis?: number;
  /** When the blob was made; absent where storage does not tell. */
  readonly createdMillis?: number;
  /** Byte ranges of the blob that could not be used; absent where there are none. At most `limits.rejectionsPerBlobMax`. */
  readonly rejections?: readonly KeptRejection[];
}

/** Bytes of a blob, `startByte` included to `endByte` excluded, that could not be used. */
export interface KeptRejection {
  readonly startByte: number;
  readonly endByte: number;
  readonly reason: string;
  /** One sentence for a person; absent where the reason says it all. */
  readonly detail?: string;
}

export function samePosition(a: BlobPosition | undefined, b: BlobPosition | undefined): boolean {
  return (
    a?.etag === b?.etag &&
    a?.lengthBytes === b?.lengthBytes &&
    a?.readBytes === b?.readBytes &&
    a?.blocks === b?.blocks &&
    a?.fingerprint === b?.fingerprint
  );
}

/** Reads one entry of a positions file: a key and a position, or `null` for a blob that is forgotten. `undefined` where it is none. */
export function readPositionEntry(value: unknown): readonly [string, BlobPosition | null] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [key, position] = value as unknown[];
  if (typeof key !== 'string' || key === '') return undefined;
  if (position === null) return [key, null];
  return isPosition(position) ? [key, position] : undefined;
}

/** Fields of later versions of nsgflow are not looked at. */
function isPosition(value: unknown): value is BlobPosition {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const {
    etag,
    lengthBytes,
    readBytes,
    blocks,
    fingerprint,
    content,
    torn,
    modifiedMillis,
    createdMillis,
    rejections,
  } = value as Record<keyof BlobPosition, unknown>;
  return (
    typeof etag === 'string' &&
    isCount(lengthBytes) &&
    isCount(readBytes) &&
    (blocks === undefined || isCount(blocks)) &&
    isTextOrNone(fingerprint) &&
    isTextOrNone(content) &&
    (torn === undefined || torn === true) &&
    isTimeOrNone(modifiedMillis) &&
    isTimeOrNone(createdMillis) &&
    (rejections === undefined || (Array.isArray(rejections) && rejections.every(isRejection)))
  );
}

function isRejection(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { startByte, endByte, reason, detail } = value as Record<string, unknown>;
  return isCount(startByte) && isCount(endByte) && typeof reason === 'string' && isTextOrNone(detail);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isTimeOrNone(value: unknown): boolean {
  return value === undefined || Number.isFinite(value);
}
