/**
 * Blobs that storage has but does not return: archived, encrypted, forbidden, or unreadable. The other blobs are still
 * read. Each gets a position with a rejection of its unread bytes, and is tried again.
 */
import type { ErrorCode } from '../base/errors.ts';
import { FlowError } from '../base/errors.ts';
import type { BlobPosition, KeptRejection } from '../lake/positions/position.ts';
import type { SourceBlob } from './source-blob.ts';

/** Failures that concern a single blob. Other failures concern the account or nsgflow. */
const ofBlob: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'blob-conflict',
  'blob-unreadable',
  'flowlog-invalid',
  'io',
  'not-found',
  'permission',
  'usage',
]);

/** Whether the failure concerns a single blob. */
export function isOfBlob(error: unknown): error is FlowError {
  return error instanceof FlowError && ofBlob.has(error.code);
}

/** Whether the failure is that a source does not respond, or refuses access. */
export function isOfSource(error: unknown): error is FlowError {
  return error instanceof FlowError && (error.code === 'unavailable' || error.code === 'authentication');
}

/** The error of an archived blob, without a request. */
export function archivedError(blob: SourceBlob): FlowError {
  return new FlowError('blob-unreadable', `cannot read ${blob.key}: it is in the archive tier`, {
    hint: 'Move it to an online tier: az storage blob set-tier --tier Hot. That takes hours; the blob is read afterwards.',
  });
}

const reason = 'unread';
/** ETag of a blob of which nothing was read: it differs from all ETags, so the blob counts as changed. */
const noEtag = '';

/** The position of a blob whose new part cannot be read. */
export function unreadPosition(blob: SourceBlob, before: BlobPosition | undefined, error: FlowError): BlobPosition {
  const known = before ?? { etag: noEtag, lengthBytes: 0, readBytes: 0 };
  const { readBytes } = known;
  return withUnread(known, { startByte: readBytes, endByte: Math.max(readBytes, blob.lengthBytes) }, error);
}

/** The position of a blob whose reading was interrupted: its rows are removed when it is read again from its start. */
export function brokenOffPosition(blob: SourceBlob, readBytes: number, error: FlowError): BlobPosition {
  const torn = { etag: noEtag, lengthBytes: blob.lengthBytes, readBytes, torn: true } as const;
  return withUnread(torn, { startByte: readBytes, endByte: Math.max(readBytes, blob.lengthBytes) }, error);
}

function withUnread(
  position: BlobPosition,
  range: Pick<KeptRejection, 'startByte' | 'endByte'>,
  { message }: FlowError,
): BlobPosition {
  const rejections = [...withoutUnread(position.rejections ?? []), { ...range, reason, detail: `${message}.` }];
  return { ...position, rejections };
}

/** Why a blob's bytes are unread; `undefined` if they are not. */
export function unreadOf(position: BlobPosition | undefined): KeptRejection | undefined {
  return position?.rejections?.find((rejection) => rejection.reason === reason);
}

export function withoutUnread<One extends { readonly reason: string }>(rejections: readonly One[]): One[] {
  return rejections.filter((rejection) => rejection.reason !== reason);
}

/** Whether a position says only that the blob could not be read. */
export function isNeverRead(position: BlobPosition): boolean {
  return position.etag === noEtag && position.torn !== true;
}
