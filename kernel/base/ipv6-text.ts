/** An IPv6 address as text, for the kernels that write tuples and pages: what formatAddress of src/net/address.ts gives. */

const zero: u8 = 0x30;
const colon: u8 = 0x3a;
/** What makes a letter of a digit from 10 on. */
const letters: u8 = 0x57;

/** The 16-bit group `index`, 0 to 7, of an address of four words. */
// @inline
function groupOf(words: usize, index: i32): u32 {
  return load<u16>(words + ((<usize>(index ^ 1)) << 1));
}

function writeHex(at: usize, value: u32): usize {
  for (let shift: i32 = value < 16 ? 0 : value < 256 ? 4 : value < 4096 ? 8 : 12; shift >= 0; shift -= 4) {
    const digit: u32 = (value >> shift) & 15;
    store<u8>(at++, digit < 10 ? zero + <u8>digit : letters + <u8>digit);
  }
  return at;
}

/** `::ffff:` */
const mappedPrefix: u64 = 0x3a666666663a3a;
const dot: u8 = 0x2e;

function writeOctet(at: usize, octet: u32): usize {
  if (octet >= 100) store<u8>(at++, zero + <u8>(octet / 100));
  if (octet >= 10) store<u8>(at++, zero + <u8>((octet / 10) % 10));
  store<u8>(at, zero + <u8>(octet % 10));
  return at + 1;
}

/** An IPv4 address that is mapped to IPv6. */
function writeMapped(at: usize, word: u32): usize {
  store<u64>(at, mappedPrefix);
  at = writeOctet(at + 7, word >> 24);
  for (let shift: i32 = 16; shift >= 0; shift -= 8) {
    store<u8>(at, dot);
    at = writeOctet(at + 1, (word >> shift) & 255);
  }
  return at;
}

/**
 * Writes the address whose four words are at `words`: lower case, the longest run of two or more zero groups as `::`, the first of equals; of an
 * IPv4-mapped address the last two groups as a dotted quad. @returns the end. Source: RFC 5952
 */
export function writeIpv6(at: usize, words: usize): usize {
  if (load<u64>(words) == 0 && load<u32>(words, 8) == 0xffff) return writeMapped(at, load<u32>(words, 12));
  let runStart = 8;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groupOf(words, end) == 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  for (let i = 0; i < 8; i++) {
    if (i == runStart) {
      store<u8>(at++, colon);
      if (i + runLength == 8) store<u8>(at++, colon);
      i += runLength - 1;
      continue;
    }
    if (i > 0) store<u8>(at++, colon);
    at = writeHex(at, groupOf(words, i));
  }
  return at;
}
