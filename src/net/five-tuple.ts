import type { Address } from './address.ts';

/** The key of a flow. Ports are 0 for protocols without ports. */
export interface FiveTuple {
  /** IANA number. */
  readonly protocol: number;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}
