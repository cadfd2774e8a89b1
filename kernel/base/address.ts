/** An address in memory, as net/address.ts has it: four words, the highest first; IPv4 mapped to IPv6, so that the last word is the IPv4 address. */
@unmanaged
export class Address {
  word0: u32;
  word1: u32;
  word2: u32;
  word3: u32;

  /** The first two words at once. */
  @inline
  get high(): u64 {
    return load<u64>(changetype<usize>(this));
  }

  @inline
  set high(value: u64) {
    store<u64>(changetype<usize>(this), value);
  }

  /** The last two words at once. */
  @inline
  get low(): u64 {
    return load<u64>(changetype<usize>(this), 8);
  }

  @inline
  set low(value: u64) {
    store<u64>(changetype<usize>(this), value, 8);
  }
}
