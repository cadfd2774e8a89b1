import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FlowError, fileError } from '../base/errors.ts';
import type { CaptureBatch } from './batch.ts';
import { standardInput } from './chunks.ts';

const headBytes = 1 << 20;

/**
 * The identity of an input, independent of file names: SHA-256 over, for each capture in order, the SHA-256 of its first
 * 1 MiB and its length in bytes (8 bytes, most significant first). 64 lower-case hex digits.
 * @throws FlowError not-found, permission, io; usage for standard input or a pipe, which cannot be read twice: use the
 *   identity of the reader from `readCaptures`
 */
export async function captureIdentity(paths: readonly string[]): Promise<string> {
  const parts: Uint8Array[] = [];
  for (const path of paths) {
    const part = await fileIdentity(path);
    if (part === undefined)
      throw new FlowError('usage', `${path} is not a file: its identity is known only after it is opened`);
    parts.push(part);
  }
  return combineIdentities(parts);
}

/** One capture's part of the identity; `undefined` if it is not a file. */
export async function fileIdentity(path: string): Promise<Uint8Array | undefined> {
  if (path === standardInput) return undefined;
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return undefined;
      const head = Buffer.alloc(Math.min(headBytes, stat.size));
      let length = 0;
      while (length < head.length) {
        const { bytesRead } = await handle.read(head, length, head.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return identityPart(head.subarray(0, length), BigInt(stat.size));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw fileError(cause, `read the capture ${path}`);
  }
}

/**
 * The part of a stream. It has no length, and only its first packet can be awaited, so the packet's time and bytes are
 * used. `head` is its first batch.
 */
export function streamIdentity(head: CaptureBatch): Uint8Array {
  if (head.count === 0) return identityPart(new Uint8Array(0), streamLength);
  const packet = Buffer.alloc(12 + head.capturedLength[0]);
  packet.writeDoubleBE(head.timeSeconds[0], 0);
  packet.writeUInt32BE(head.timeNanos[0], 8);
  packet.set(head.bytes.subarray(head.start[0], head.start[0] + head.capturedLength[0]), 12);
  return identityPart(packet, streamLength);
}

/**
 * The identity of a live capture, from its interface and its start time (epoch milliseconds). 64 lower-case hex digits.
 */
export function liveIdentity(interfaceName: string, startMillis: number): string {
  return combineIdentities([identityPart(Buffer.from(`${interfaceName}\n${startMillis}`), streamLength)]);
}

export function combineIdentities(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Used as the length of a stream. */
const streamLength = 0xffffffffffffffffn;

function identityPart(head: Uint8Array, length: bigint): Uint8Array {
  const part = Buffer.alloc(40);
  part.set(createHash('sha256').update(head).digest(), 0);
  part.writeBigUInt64BE(length, 32);
  return part;
}
