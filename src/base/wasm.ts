/** What of the global object is used here: the library's types leave it out. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const pageBytes = 65_536;

/**
 * A module of kernel/, compiled, with memory of its own that never grows; pages that are not touched cost nothing.
 * @param module in base64; @param memoryLength bytes; @param imports functions that it calls. @returns `undefined` where WebAssembly, or so much memory, is not to be had
 */
export function instantiate(
  module: string,
  memoryLength: number,
  imports: Readonly<Record<string, (value: number) => number>> = {},
): { readonly exports: unknown; readonly buffer: ArrayBuffer } | undefined {
  try {
    const memory = new WebAssembly.Memory({ initial: memoryLength / pageBytes });
    const compiled = new WebAssembly.Module(Buffer.from(module, 'base64'));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory, ...imports } });
    return { exports, buffer: memory.buffer };
  } catch {
    return undefined;
  }
}
