/** What of the global object is used here: the library's types leave it out. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Memory of a module, which another may share. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

const pageBytes = 65_536;

/** Memory that never grows; pages that are not touched cost nothing. @returns `undefined` where WebAssembly, or so much memory, is not to be had */
export function createMemory(lengthBytes: number): WasmMemory | undefined {
  try {
    return new WebAssembly.Memory({ initial: lengthBytes / pageBytes });
  } catch {
    return undefined;
  }
}

/**
 * A module of kernel/, compiled.
 * @param module in base64; @param memory its own, or shared with another module that uses other parts of it; @param imports functions that it calls.
 * @returns `undefined` where WebAssembly, or the memory, is not to be had
 */
export function instantiate(
  module: string,
  memory: WasmMemory | undefined,
  imports: Readonly<Record<string, (value: number) => number>> = {},
): { readonly exports: unknown; readonly buffer: ArrayBuffer } | undefined {
  if (memory === undefined) return undefined;
  try {
    const { exports } = new WebAssembly.Instance(compile(module), { env: { memory, ...imports } });
    return { exports, buffer: memory.buffer };
  } catch {
    return undefined;
  }
}

/** Modules so far: what was compiled well for one instance serves the next. */
const compiled = new Map<string, object>();

function compile(module: string): object {
  let its = compiled.get(module);
  if (its === undefined) {
    its = new WebAssembly.Module(Buffer.from(module, 'base64'));
    compiled.set(module, its);
  }
  return its;
}
