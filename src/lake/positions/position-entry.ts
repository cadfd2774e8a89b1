import type { BlobPosition } from './positions.ts';

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
