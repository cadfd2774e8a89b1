/**
 * A view of `bytes` for reading numbers of 16 and 32 bits with one load each. Combining bytes takes 2.6 times as long
 * (16.9 instead of 6.4 ns per pcap record).
 */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
