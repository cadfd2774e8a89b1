import { createHash } from 'node:crypto';

/** SHA-256 of bytes or a text. */
export function fingerprintOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
