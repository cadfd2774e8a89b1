/**
 * Settings of the control plane.
 */
import { withoutEnd } from '../base/text.ts';
import type { NetworkDocument, NetworkFile } from '../nsg/import.ts';
import { documentOf } from '../nsg/import.ts';
import type { ArmRequest } from './api/request.ts';

export interface ControlOptions {
  /** The folder of the service; resources are in its folder `resources/`. */
  readonly dataFolder: string;
  /** Origin of absolute URLs, without a trailing slash: `https://localhost:8443`. */
  readonly origin: string;
  /** Epoch milliseconds; `undefined` uses the system's clock. */
  readonly now?: (() => number) | undefined;
  /** Default: one with an id of zeros. */
  readonly subscriptions?: readonly Subscription[] | undefined;
  readonly tenantId?: string | undefined;
  /** Whether long operations are answered before they are finished, as in Azure; default false. */
  readonly asynchronous?: boolean | undefined;
  /** Whether a regenerated key stops the flow logs that were enabled with the old one, as in Azure; default true. */
  readonly keyRotationStops?: boolean | undefined;
  /** A ServiceTags file, for tags in rules and for `serviceTags`. */
  readonly serviceTags?: NetworkFile | undefined;
  /** Containers of the storage accounts; `undefined` stores them only as resources. */
  readonly containers?: BlobContainers | undefined;
  /** Resources per page of a list. */
  readonly pageSize?: number | undefined;
  /** Called with a sentence about accepted input with unexpected effects. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Called for unexpected errors in nsgflow, which are answered with 500. */
  readonly onFault?: ((error: unknown, request: ArmRequest) => void) | undefined;
}

/** The containers of storage accounts. `account` is a name. */
export interface BlobContainers {
  list(account: string): Promise<string[]>;
  /** Creates a container if it does not exist. */
  make(account: string, container: string): Promise<void>;
  /** Deletes a container with its blobs. */
  remove(account: string, container: string): Promise<void>;
}

export interface Subscription {
  /** A GUID. */
  readonly id: string;
  readonly name: string;
}

/** Options with their defaults. */
export interface ControlSettings {
  readonly origin: string;
  readonly now: () => number;
  readonly subscriptions: readonly Subscription[];
  readonly tenantId: string;
  readonly asynchronous: boolean;
  readonly keyRotationStops: boolean;
  readonly serviceTags: NetworkDocument | undefined;
  readonly containers: BlobContainers | undefined;
  readonly pageSize: number;
  readonly onNotice: (sentence: string) => void;
}

const zeros = '00000000-0000-0000-0000-000000000000';

export function settingsOf(options: ControlOptions): ControlSettings {
  return {
    origin: withoutEnd(options.origin, '/'),
    now: options.now ?? Date.now,
    subscriptions: options.subscriptions ?? [{ id: zeros, name: 'nsgflow' }],
    tenantId: options.tenantId ?? zeros,
    asynchronous: options.asynchronous ?? false,
    keyRotationStops: options.keyRotationStops ?? true,
    serviceTags: options.serviceTags === undefined ? undefined : documentOf(options.serviceTags),
    containers: options.containers,
    pageSize: options.pageSize ?? 1000,
    onNotice: options.onNotice ?? (() => undefined),
  };
}
