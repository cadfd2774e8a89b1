import { FlowError } from './errors.ts';

/** The part of the global object that is used here; Node's types leave it out. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Memory of a module. Several modules can share it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmInstance {
  readonly exports: unknown;
  readonly memory: WasmMemory;
  readonly buffer: ArrayBuffer;
}

const pageBytes = 65_536;

/**
 * Memory of fixed size. Untouched pages cost nothing.
 * @returns `undefined` if WebAssembly or the memory is not available
 */
export function createMemory(lengthBytes: number): WasmMemory | undefined {
  try {
    return new WebAssembly.Memory({ initial: lengthBytes / pageBytes });
  } catch {
    return undefined;
  }
}

/**
 * Compiles and instantiates a module of kernel/.
 * @param module in base64
 * @param memory its own, or shared with a module that uses other parts of it
 * @param imports functions that the module calls
 * @returns `undefined` if WebAssembly or the memory is not available
 */
export function instantiate(
  module: string,
  memory: WasmMemory | undefined,
  imports: Readonly<Record<string, (value: number) => number>> = {},
): WasmInstance | undefined {
  if (memory === undefined) return undefined;
  try {
    const { exports } = new WebAssembly.Instance(compile(module), { env: { memory, ...imports } });
    return { exports, memory, buffer: memory.buffer };
  } catch {
    return undefined;
  }
}

/** As `instantiate`; `memory` may be the number of bytes of new memory. `what` is the subject of the error: it cannot be done without. @throws unavailable */
export function instantiateNeeded(
  what: string,
  module: string,
  memory: number | WasmMemory,
  imports: Readonly<Record<string, (value: number) => number>> = {},
): WasmInstance {
  const instance = instantiate(module, typeof memory === 'number' ? createMemory(memory) : memory, imports);
  if (instance !== undefined) return instance;
  if (!('WebAssembly' in globalThis))
    throw new FlowError('unavailable', `${what} needs WebAssembly, which this Node.js process does not have`, {
      hint: 'Start Node.js without --jitless.',
    });
  const mebibytes = Math.ceil((typeof memory === 'number' ? memory : memory.buffer.byteLength) / 2 ** 20);
  throw new FlowError('unavailable', `${what} needs ${mebibytes} MiB of memory, which this process does not get`, {
    hint: 'Give the process more address space (ulimit -v), or free memory.',
  });
}

/** Compiled modules by their base64 text. */
const compiled = new Map<string, object>();

function compile(module: string): object {
  let its = compiled.get(module);
  if (its === undefined) {
    its = new WebAssembly.Module(Buffer.from(module, 'base64'));
    compiled.set(module, its);
  }
  return its;
}
