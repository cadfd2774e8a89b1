/** Five-tuples of rows of a row group that we wrote, from the columns that the kernel has loaded. */
import { familyOf } from '../../flowlog/tuple.ts';
import { formatProtocol } from '../../net/protocol.ts';
import type { FiveTupleColumns } from '../flows/five-tuples.ts';
import { KernelAddresses } from './kernel-addresses.ts';
import type { ReadKernel } from './read-kernel.ts';

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
    const sources = kernel.words('src_ip', count);
    const destinations = kernel.words('dst_ip', count);
    const addresses = this.#addresses;
    if (!addresses.read(sources, kept) || !addresses.read(destinations, kept)) return false;
    takeAddresses(addresses.words, sources, kept, to.source);
    takeAddresses(addresses.words, destinations, kept, to.destination);
    takeFamilies(addresses.families, sources, destinations, kept, to.family);
    return takeCodes(kernel, 'protocol', (text) => protocolNames.get(text) ?? -1, to.protocol, kept, count);
  }
}

function takeAddresses(words: Uint32Array, texts: Uint32Array, kept: Uint32Array, to: Uint32Array): void {
  for (let i = 0; i < kept.length; i++) {
    const at = 4 * texts[kept[i]];
    to[4 * i] = words[at];
    to[4 * i + 1] = words[at + 1];
    to[4 * i + 2] = words[at + 2];
    to[4 * i + 3] = words[at + 3];
  }
}

function takeFamilies(
  families: Uint8Array,
  sources: Uint32Array,
  destinations: Uint32Array,
  kept: Uint32Array,
  to: Uint8Array,
): void {
  for (let i = 0; i < kept.length; i++) {
    const source = families[sources[kept[i]]] === 4 ? 4 : 6;
    to[i] = familyOf(source, families[destinations[kept[i]]] === 4 ? 4 : 6);
  }
}

/** Takes the rows `kept` of a column of texts that have a code each. @returns whether all have one, of 0 or more */
export function takeCodes(
  kernel: ReadKernel,
  name: string,
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
