/** Exact numbers of headers, by family and protocol. */
import type { Family } from '../../net/address.ts';
import type { HeaderProtocol } from './header.ts';
import { headerProtocols } from './header.ts';

export type Volume = Readonly<Record<'ipv4' | 'ipv6', Readonly<Record<HeaderProtocol, bigint>>>>;

export class VolumeSum {
  readonly #counts = new Map<string, bigint>();

  add(family: Family, protocol: HeaderProtocol, headers: bigint): void {
    const key = `${family} ${protocol}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0n) + headers);
  }

  get volume(): Volume {
    const of = (family: Family): Record<HeaderProtocol, bigint> => {
      const counts = headerProtocols.map((protocol) => [protocol, this.#counts.get(`${family} ${protocol}`) ?? 0n]);
      return Object.fromEntries(counts) as Record<HeaderProtocol, bigint>;
    };
    return { ipv4: of(4), ipv6: of(6) };
  }
}

/** All headers of a volume, of every family and protocol. */
export function headersOf(volume: Volume): bigint {
  return [...Object.values(volume.ipv4), ...Object.values(volume.ipv6)].reduce((sum, count) => sum + count, 0n);
}

/** Exact numbers as decimal text, as JSON has them. */
export function volumeRow(volume: Volume): Record<'ipv4' | 'ipv6', Record<string, string>> {
  const of = (counts: Volume['ipv4']): Record<string, string> =>
    Object.fromEntries(Object.entries(counts).map(([protocol, count]) => [protocol, String(count)]));
  return { ipv4: of(volume.ipv4), ipv6: of(volume.ipv6) };
}
