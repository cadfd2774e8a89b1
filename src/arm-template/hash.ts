/** `guid` and `uniqueString`, which derive names from values. Both give the same results as Azure. */
import { createHash } from 'node:crypto';

const guidNamespace = '11fb06fb-712d-4ddd-98c7-e71bbd588830';

/**
 * A name-based GUID, version 5 (RFC 9562 section 5.5), of the arguments joined by `-`, in the namespace of template
 * deployments. Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string#guid
 */
export function templateGuid(parts: readonly string[]): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(guidNamespace.replaceAll('-', ''), 'hex'))
    .update(parts.join('-'))
    .digest();
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Thirteen characters of `a` to `z` and `2` to `7`: the 64 bits of a two-lane MurmurHash3 of the arguments joined by
 * `-`, most significant first. A test compares it with known results of Azure.
 */
export function uniqueString(parts: readonly string[]): string {
  let hash = hash64(Buffer.from(parts.join('-'), 'utf8'));
  let text = '';
  for (let i = 0; i < 13; i++) {
    text += 'abcdefghijklmnopqrstuvwxyz234567'[Number(hash >> 59n)];
    hash = (hash << 5n) & 0xffffffffffffffffn;
  }
  return text;
}

function hash64(bytes: Uint8Array): bigint {
  let low = 0;
  let high = 0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    low = rotate(low ^ mixLow(word(bytes, at)), 19);
    low = (Math.imul(low + high, 5) + 0x561ccd1b) | 0;
    high = rotate(high ^ mixHigh(word(bytes, at + 4)), 13);
    high = (Math.imul(high + low, 5) + 0x0bcaa747) | 0;
  }
  if (at < bytes.length) low ^= mixLow(word(bytes, at));
  if (at + 4 < bytes.length) high ^= mixHigh(word(bytes, at + 4));
  low ^= bytes.length;
  high ^= bytes.length;
  low = (low + high) | 0;
  high = (high + low) | 0;
  low = finish(low);
  high = finish(high);
  low = (low + high) | 0;
  high = (high + low) | 0;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Four bytes, least significant first; bytes after the end are 0. */
function word(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value;
}

function mixLow(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0x239b961b), 15), 0xab0e9789);
}

function mixHigh(value: number): number {
  return Math.imul(rotate(Math.imul(value, 0xab0e9789), 17), 0x239b961b);
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
