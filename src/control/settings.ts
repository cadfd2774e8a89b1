/**
 * Settings of the control plane.
 */
import { withoutEnd } from '../base/text.ts';
import type { NetworkDocument, NetworkFile } from '../nsg/import.ts';
import { documentOf } from '../nsg/import.ts';
import type { ArmRequest } from './api/request.ts';

export interface ControlOptions {
  /** The folder of the service; resources go to `resources/` in it. */
  readonly dataFolder: string;
  /** Beginning of absolute URLs, without a slash at the end: `https://localhost:8443`. */
  readonly origin: string;
  /** Epoch milliseconds; `undefined` takes the system's clock. */
  readonly now?: (() => number) | undefined;
  /** One of all zeros by default. */
  readonly subscriptions?: readonly Subscription[] | undefined;
  readonly tenantId?: string | undefined;
  /** Whether long operations are answered before they are said to be done, as Azure does; false by default. */
  readonly asynchronous?: boolean | undefined;
  /** Whether a regenerated key stops the flow logs that were enabled with the old one, as in Azure; true by default. */
  readonly keyRotationStops?: boolean | undefined;
  /** A ServiceTags file, for rules that name tags and for `serviceTags`. */
  readonly serviceTags?: NetworkFile | undefined;
  /** Containers of the storage accounts; `undefined` keeps them as resources alone. */
  readonly containers?: BlobContainers | undefined;
  /** Resources of one page of a list. */
  readonly pageSize?: number | undefined;
  /** Told of faults in nsgflow, which are answered 500. */
  /** Told of what is taken and may surprise, a sentence. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly onFault?: ((error: unknown, request: ArmRequest) => void) | undefined;
}

/** The containers of storage accounts, where their blobs are. `account` is a name. */
export interface BlobContainers {
  list(account: string): Promise<string[]>;
  /** Makes a container where there is none. */
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
