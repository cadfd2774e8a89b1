/**
 * One file of the spool: the blocks of one flush for one storage account.
 *
 *     nsgflow-spool 1 8d3c1f0a⏎      CRC-32 of all that follows, eight hex digits
 *     {"storage":"","account":"/srv/logs","minuteMillis":1700000040000,"blocks":[
 *        {"container":"insights-logs-…","blob":"resourceId=/…/PT1H.json","id":"0f…","tuples":12,"lengthBytes":934},…]}⏎    on one line
 *     the bytes of the blocks, one behind the other
 */
import { crc32 } from 'node:zlib';
import type { Destination, FlushedBlock } from './flushed-block.ts';

export interface SpoolSegment extends Destination {
  /**
   * Location of the account: its URL or an absolute path. Blocks are sent only there, even if the key means another
   * account later.
   */
  readonly account: string;
  /** The whole minute of the flush, epoch milliseconds. */
  readonly minuteMillis: number;
  readonly blocks: readonly FlushedBlock[];
}

const magic = 'nsgflow-spool 1 ';
const newline = 0x0a;

export function encodeSegment({ storage, sender, account, minuteMillis, blocks }: SpoolSegment): Uint8Array {
  const list = blocks.map(({ container, blob, id, tuples, bytes }) => ({
    container,
    blob,
    id,
    tuples,
    lengthBytes: bytes.length,
  }));
  const body = Buffer.concat([
    Buffer.from(`${JSON.stringify({ storage, sender, account, minuteMillis, blocks: list })}\n`),
    ...blocks.map(({ bytes }) => bytes),
  ]);
  return Buffer.concat([Buffer.from(`${magic}${crc32(body).toString(16).padStart(8, '0')}\n`), body]);
}

/** @returns `undefined` for bytes that are not a complete segment */
export function decodeSegment(bytes: Uint8Array): SpoolSegment | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const bodyStart = magic.length + 9;
  const body = all.subarray(bodyStart);
  const head = `${magic}${crc32(body).toString(16).padStart(8, '0')}\n`;
  if (all.toString('latin1', 0, bodyStart) !== head) return undefined;
  const end = body.indexOf(newline);
  if (end < 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8', 0, end));
  } catch {
    return undefined;
  }
  if (!isHeader(value)) return undefined;
  const { account, minuteMillis } = value;
  const destination = destinationOf(value);
  const blocks: FlushedBlock[] = [];
  let at = end + 1;
  for (const { container, blob, id, tuples, lengthBytes } of value.blocks) {
    blocks.push({ ...destination, container, blob, id, tuples, bytes: body.subarray(at, at + lengthBytes) });
    at += lengthBytes;
  }
  return at === body.length ? { ...destination, account, minuteMillis, blocks } : undefined;
}

/** In segments of earlier versions, account key and sender are one text. */
function destinationOf({ storage, sender }: Destination): Destination {
  if (sender !== undefined) return { storage, sender };
  const [key, ...rest] = storage.split('#');
  return rest.length === 0 ? { storage } : { storage: key, sender: rest.join('#') };
}

interface Header extends Destination {
  readonly account: string;
  readonly minuteMillis: number;
  readonly blocks: readonly (Omit<FlushedBlock, 'bytes' | keyof Destination> & { readonly lengthBytes: number })[];
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const { storage, sender, account, minuteMillis, blocks } = value as Record<string, unknown>;
  return (
    typeof storage === 'string' &&
    (sender === undefined || typeof sender === 'string') &&
    typeof account === 'string' &&
    Number.isSafeInteger(minuteMillis) &&
    Array.isArray(blocks) &&
    blocks.every(isBlock)
  );
}

function isBlock(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { container, blob, id, tuples, lengthBytes } = value as Record<string, unknown>;
  return (
    typeof container === 'string' &&
    typeof blob === 'string' &&
    typeof id === 'string' &&
    /^[0-9a-f]{32}$/.test(id) &&
    Number.isSafeInteger(tuples) &&
    Number.isSafeInteger(lengthBytes) &&
    (lengthBytes as number) > 0
  );
}
