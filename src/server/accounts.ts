/**
 * Storage accounts of the control plane and the location of their blobs: in the data folder, or as bound by the
 * configuration.
 */
import { join } from 'node:path';
import type { ControlPlane } from '../control/control-plane.ts';
import type { BlobContainers } from '../control/settings.ts';
import type { FlowLogState } from '../control/resources/snapshot.ts';
import type { DeliveryStop } from '../control/types/flow-log.ts';
import { isClosed } from '../control/types/storage-account.ts';
import { FlowError } from '../base/errors.ts';
import type { Account, Container } from '../blob/container.ts';
import { folderAccount } from '../blob/folder.ts';
import { openStorage } from '../blob/open.ts';
import type { ServedAccount } from './routes/storage.ts';

/** An account whose blobs are not in the data folder. */
export interface AccountBinding {
  /** Name of the account in the control plane. */
  readonly name: string;
  /** URL of the account in Azure or Azurite, or a folder. */
  readonly storage: string;
  /** Name of the environment variable with its connection string; `undefined` uses AZURE_STORAGE_CONNECTION_STRING. */
  readonly connectionStringVariable: string | undefined;
}

/** The accounts of the control plane, by name in lower case. */
interface Served {
  readonly revision: number;
  readonly byName: ReadonlyMap<string, ServedAccount>;
  /** Names of accounts whose firewall blocks flow logs. */
  readonly closed: ReadonlySet<string>;
}

/** The accounts of a service. */
export class Accounts {
  readonly #folder: string;
  readonly #control: ControlPlane;
  readonly #bound = new Map<string, { account: Account; source: string }>();
  readonly #folders = new Map<string, Account>();
  #served: Served | undefined;
  #revision = 0;

  private constructor(folder: string, control: ControlPlane) {
    this.#folder = folder;
    this.#control = control;
    control.onChange(() => this.#revision++);
  }

  /** @throws usage, authentication for a binding that cannot be opened */
  static async open(folder: string, control: ControlPlane, bindings: readonly AccountBinding[]): Promise<Accounts> {
    const accounts = new Accounts(folder, control);
    for (const { name, storage, connectionStringVariable } of bindings) {
      const environment =
        connectionStringVariable === undefined
          ? {}
          : { environment: { AZURE_STORAGE_CONNECTION_STRING: process.env[connectionStringVariable] } };
      const opened = await openStorage(storage, environment);
      if (opened.kind !== 'account')
        throw new FlowError(
          'usage',
          `the account ${name} is bound to ${opened.location}, which is not a whole account`,
        );
      accounts.#bound.set(name.toLowerCase(), { account: opened, source: storage });
    }
    return accounts;
  }

  /** The storage of an account, even if the control plane does not have the account. */
  account(name: string): Account {
    const lower = name.toLowerCase();
    const bound = this.#bound.get(lower);
    if (bound !== undefined) return bound.account;
    let account = this.#folders.get(lower);
    if (account === undefined) this.#folders.set(lower, (account = folderAccount(join(this.#folder, lower))));
    return account;
  }

  isBound(name: string): boolean {
    return this.#bound.has(name.toLowerCase());
  }

  /** The source that `ingest` reads for an account. */
  source(name: string): string {
    return this.#bound.get(name.toLowerCase())?.source ?? join(this.#folder, name.toLowerCase());
  }

  /** Names of the existing accounts, in lower case. */
  names(): string[] {
    return [...this.#known().byName.keys()];
  }

  /** As the Blob REST API serves it; `undefined` if the control plane does not have the account. */
  served(name: string): ServedAccount | undefined {
    return this.#known().byName.get(name);
  }

  #known(): Served {
    if (this.#served?.revision === this.#revision) return this.#served;
    const byName = new Map<string, ServedAccount>();
    const closed = new Set<string>();
    for (const { name, keys, firewall } of this.#control.snapshot().storageAccounts) {
      const lower = name.toLowerCase();
      const account = this.account(lower);
      byName.set(lower, { name: lower, keys: [keys.key1, keys.key2], account, createdMillis: servedFrom });
      if (isClosed(firewall)) closed.add(lower);
    }
    this.#served = { revision: this.#revision, byName, closed };
    return this.#served;
  }

  /**
   * The account of one flow log. It accepts blocks only while `stateOf` allows it: each flow log writes with the key that it
   * was enabled with.
   * @param stateOf the current flow log; `undefined` after it is deleted: its earlier recordings are still delivered with any
   *   key, if the account's firewall allows it
   */
  gated(name: string, stateOf: () => FlowLogState | undefined): Account {
    const account = this.account(name);
    const check = (): void => {
      const state = stateOf();
      const gone = this.#known().closed.has(name.toLowerCase()) ? { stopped: 'firewall' as const } : 'ok';
      const delivery = state === undefined ? gone : state.delivery;
      if (delivery === 'ok') return;
      const { code, message } = stopSentence(delivery.stopped, name, state?.id ?? 'a deleted flow log');
      throw new FlowError(code, message, { hint: 'See nsgflow doctor.' });
    };
    const gates = new Map<string, Container>();
    return {
      location: account.location,
      containers: () => account.containers(),
      container(containerName) {
        let gate = gates.get(containerName);
        if (gate === undefined)
          gates.set(containerName, (gate = gateContainer(account.container(containerName), check)));
        return gate;
      },
    };
  }
}

/** The containers of the accounts, for the control plane, which starts before them. */
export function containersOf(accounts: () => Accounts | undefined): BlobContainers {
  const account = (name: string): Account => {
    const open = accounts();
    if (open === undefined) throw new FlowError('unavailable', 'the storage accounts are not open yet');
    return open.account(name);
  };
  return {
    async list(name) {
      try {
        const found: string[] = [];
        for await (const container of account(name).containers()) found.push(container);
        return found;
      } catch (error) {
        if (error instanceof FlowError && error.code === 'not-found') return [];
        throw error;
      }
    },
    async make(name, container) {
      await account(name).makeContainer?.(container);
    },
    async remove(name, container) {
      await account(name).removeContainer?.(container);
    },
  };
}

/** Containers in a folder have no creation time; one fixed time keeps their ETags constant. */
const servedFrom = Date.UTC(2026, 0, 1);

function gateContainer(inner: Container, check: () => void): Container {
  return {
    location: inner.location,
    name: inner.name,
    list: (prefix) => inner.list(prefix),
    children: (prefix) => inner.children(prefix),
    properties: (name) => inner.properties(name),
    read: (name, start, end) => inner.read(name, start, end),
    blocks: (name) => inner.blocks(name),
    async stageBlock(name, id, bytes) {
      check();
      await inner.stageBlock(name, id, bytes);
    },
    async commitBlocks(name, ids, etag) {
      check();
      return await inner.commitBlocks(name, ids, etag);
    },
    async delete(name, etag) {
      return await inner.delete(name, etag);
    },
  };
}

function stopSentence(
  stopped: DeliveryStop,
  account: string,
  flowLogId: string,
): { code: 'authentication' | 'permission' | 'unavailable'; message: string } {
  const flowLog = flowLogId.slice(flowLogId.lastIndexOf('/') + 1);
  if (stopped === 'key-rotated')
    return {
      code: 'authentication',
      message: `key1 of the storage account ${account} was regenerated: disable and enable the flow log ${flowLog}`,
    };
  if (stopped === 'firewall')
    return {
      code: 'permission',
      message: `the firewall of the storage account ${account} lets nothing in, for ${flowLog}: it lacks bypass AzureServices`,
    };
  return { code: 'unavailable', message: `nothing may be delivered to ${account} for ${flowLog}: ${stopped}` };
}
