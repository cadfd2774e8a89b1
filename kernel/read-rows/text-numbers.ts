/**
 * Texts by number, the same for equal ones, from 1 on; 0 is no text.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts.
 */
import { hashWord, hashWords } from '../base/hash';
import { textBuckets, textBucketsMax, textBytes, textBytesMax, texts, textsMax } from './memory';

let textCount: u32 = 0;
let bytesEnd: usize = changetype<usize>(textBytes);
let mask: u32 = 0;

export function clearTexts(): void {
  textCount = 0;
  bytesEnd = changetype<usize>(textBytes);
  mask = 16_383;
  memory.fill(changetype<usize>(textBuckets), 0, (<usize>mask + 1) << 2);
}

export function countTexts(): u32 {
  return textCount;
}

/** The number of the text of `length` bytes at `at`, with seven more behind it that may be read; 0 where there is no room for it. */
export function textNumber(at: usize, length: u32): u32 {
  let bucket = <u32>hashOf(at, length) & mask;
  for (;;) {
    const number = textBuckets[bucket];
    if (number == 0) break;
    const place = texts[number];
    if (place.length == length && areEqual(place.at, at, length)) return number;
    bucket = (bucket + 1) & mask;
  }
  const room = (<usize>length + 7) & ~7;
  if (textCount + 1 >= textsMax || bytesEnd + room > changetype<usize>(textBytes) + textBytesMax) return 0;
  const number = ++textCount;
  textBuckets[bucket] = number;
  texts[number].at = <u32>bytesEnd;
  texts[number].length = length;
  memory.copy(bytesEnd, at, length);
  memory.fill(bytesEnd + length, 0, room - length);
  bytesEnd += room;
  if (textCount << 1 > mask && mask + 1 < textBucketsMax) grow();
  return number;
}

function grow(): void {
  mask = (mask << 1) | 1;
  memory.fill(changetype<usize>(textBuckets), 0, (<usize>mask + 1) << 2);
  for (let number: u32 = 1; number <= textCount; number++) {
    const place = texts[number];
    let bucket = <u32>hashOf(place.at, place.length) & mask;
    while (textBuckets[bucket] != 0) bucket = (bucket + 1) & mask;
    textBuckets[bucket] = number;
  }
}

// @inline
function tailOf(at: usize, length: usize): u64 {
  return load<u64>(at) & (((<u64>1) << ((<u64>length) << 3)) - 1);
}

function hashOf(at: usize, length: u32): u64 {
  let hash: u64 = length;
  let left: usize = length;
  for (; left >= 16; left -= 16, at += 16) hash = hashWord(load<u64>(at), hashWord(load<u64>(at, 8), hash));
  // Addresses are mostly of one word and a part of another.
  return left >= 8 ? hashWords(load<u64>(at), tailOf(at + 8, left - 8), hash) : hashWords(tailOf(at, left), 0, hash);
}

function areEqual(kept: usize, at: usize, length: u32): bool {
  let left: usize = length;
  for (; left >= 8; left -= 8, at += 8, kept += 8) if (load<u64>(kept) != load<u64>(at)) return false;
  return left == 0 || load<u64>(kept) == tailOf(at, left);
}
