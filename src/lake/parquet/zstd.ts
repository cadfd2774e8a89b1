import * as zlib from 'node:zlib';

export type Compress = (bytes: Uint8Array) => Uint8Array;

/** Higher levels take a few hundredths less room and far more time (docs/decisions/0015-lake-layout.md). */
const level = 1;

let loaded: Promise<Compress> | undefined;

/** zstd, loaded once: Node's own where it has one (22.15 and later), else the same code in WebAssembly. */
export function loadZstd(): Promise<Compress> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Compress> {
  // The types are those of Node 20, which lacks it.
  const native = zlib as unknown as {
    zstdCompressSync?: (bytes: Uint8Array, options: { params: Record<number, number> }) => Uint8Array;
    constants: { ZSTD_c_compressionLevel?: number };
  };
  const { zstdCompressSync, constants } = native;
  if (zstdCompressSync !== undefined && constants.ZSTD_c_compressionLevel !== undefined) {
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    return (bytes) => zstdCompressSync(bytes, { params });
  }
  const { compress, init } = await import('@bokuweb/zstd-wasm');
  await init();
  return (bytes) => compress(bytes, level);
}
