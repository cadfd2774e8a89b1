/** The unsigned 16-bit number at `at`, most significant byte first where `big`. */
export function readUint16(bytes: Uint8Array, at: number, big: boolean): number {
  return big ? (bytes[at] << 8) | bytes[at + 1] : (bytes[at + 1] << 8) | bytes[at];
}

/** The unsigned 32-bit number at `at`, most significant byte first where `big`. */
export function readUint32(bytes: Uint8Array, at: number, big: boolean): number {
  return big
    ? ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
    : ((bytes[at + 3] << 24) | (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at]) >>> 0;
}
