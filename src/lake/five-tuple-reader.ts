/** Five-tuples of rows of a row group that we wrote, from the columns that the kernel has loaded. */
import { familyOf } from '../flowlog/tuple.ts';
import { formatProtocol } from '../net/protocol.ts';
import type { FiveTupleColumns } from './flows/five-tuples.ts';
import { KernelAddresses } from './kernel-addresses.ts';
import type { ReadKernel, SlotColumn } from './read-kernel.ts';

export const portColumns = ['src_port', 'dst_port'] as const;
export const addressColumns = ['src_ip', 'dst_ip', 'protocol'] as const;

const protocolNames = new Map(Array.from({ length: 256 }, (_, number) => [formatProtocol(number), number]));

export class FiveTupleReader {
  readonly #kernel: ReadKernel;
  readonly #addresses: KernelAddresses;

  constructor(kernel: ReadKernel) {
    this.#kernel = kernel;
    this.#addresses = new KernelAddresses(kernel);
  }

  /** The rows of which `accepts` holds, in ascending order, where only ports are loaded. */
  rowsOfPorts(count: number, accepts: (sourcePort: number, destinationPort: number, row: number) => boolean) {
    const sources = this.#kernel.words('src_port', count);
    const destinations = this.#kernel.words('dst_port', count);
    const rows = new Uint32Array(count);
    let n = 0;
    for (let row = 0; row < count; row++) if (accepts(sources[row], destinations[row], row)) rows[n++] = row;
    return rows.subarray(0, n);
  }

  /** Takes the rows `kept` of a row group of `count`. @returns whether all are five-tuples as we write them */
  take(to: FiveTupleColumns, kept: Uint32Array, count: number): boolean {
    const kernel = this.#kernel;
    takeWords(kernel.words('src_port', count), to.sourcePort, kept);
    takeWords(kernel.words('dst_port', count), to.destinationPort, kept);
    return (
      this.#takeAddresses('src_ip', to.source, to.family, kept, count) &&
      this.#takeAddresses('dst_ip', to.destination, to.family, kept, count) &&
      takeCodes(kernel, 'protocol', (text) => protocolNames.get(text) ?? -1, to.protocol, kept, count)
    );
  }

  /** Words of one side's addresses, sources first. @returns whether all are addresses */
  #takeAddresses(
    name: 'src_ip' | 'dst_ip',
    to: Uint32Array,
    families: Uint8Array,
    kept: Uint32Array,
    count: number,
  ): boolean {
    const texts = this.#kernel.words(name, count);
    const addresses = this.#addresses;
    addresses.reserve(texts);
    const { words } = addresses;
    for (let i = 0; i < kept.length; i++) {
      const text = texts[kept[i]];
      const family = addresses.familyOf(text);
      if (family === undefined) return false;
      for (let word = 0; word < 4; word++) to[4 * i + word] = words[4 * text + word];
      // The source's family stands there already.
      families[i] = name === 'src_ip' ? family : familyOf(families[i] === 4 ? 4 : 6, family);
    }
    return true;
  }
}

/** Takes the rows `kept` of a column of texts that have a code each. @returns whether all have one, of 0 or more */
export function takeCodes(
  kernel: ReadKernel,
  name: SlotColumn,
  codeOf: (text: string) => number,
  to: Uint8Array,
  kept: Uint32Array,
  count: number,
): boolean {
  const texts = kernel.words(name, count);
  const known = new Map<number, number>();
  let last = -1;
  let code = 0;
  for (let i = 0; i < kept.length; i++) {
    const text = texts[kept[i]];
    if (text !== last) {
      code = known.get(text) ?? codeOf(kernel.text(text) ?? '');
      if (code < 0) return false;
      known.set(text, code);
      last = text;
    }
    to[i] = code;
  }
  return true;
}

export function takeWords(from: Uint32Array, to: Uint16Array | Int32Array, kept: Uint32Array): void {
  for (let i = 0; i < kept.length; i++) to[i] = from[kept[i]];
}
