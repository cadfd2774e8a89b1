import type { Address } from './address.ts';

/** What names a flow. Ports are 0 for protocols that have none. */
export interface FiveTuple {
  /** IANA number. */
  readonly protocol: number;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}
