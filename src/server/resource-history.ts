/** Keeps the control plane's resources in the lake whenever they change, and gives questions the names that follow from them. */
import { FlowError } from '../base/errors.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import type { NameFiles, NameSource } from '../enrich/names.ts';
import { namesOfLake } from '../query/names/lake-names.ts';
import { keepResources } from '../query/names/resource-snapshots.ts';

export interface ResourceHistorySettings {
  readonly control: Pick<ControlPlane, 'inventory' | 'onChange'>;
  readonly lake: string;
  /** What the user names beside them. */
  readonly files: NameFiles;
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** Changes within this time are one. */
  readonly delayMillis?: number;
}

const delayMillisDefault = 1000;

export class ResourceHistory {
  readonly #settings: ResourceHistorySettings;
  readonly #end: () => void;
  /** A change that is to be kept, with its time. */
  #waiting: { readonly timer: NodeJS.Timeout; readonly sinceMillis: number } | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #names: NameSource;

  /** Keeps what there is now. */
  constructor(settings: ResourceHistorySettings) {
    this.#settings = settings;
    this.#names = namesOfLake(settings.lake, settings.files);
    const { control, now, delayMillis = delayMillisDefault } = settings;
    this.#end = control.onChange(({ type }) => {
      if (this.#waiting !== undefined || !/^microsoft\.(?:network|compute)\//i.test(type)) return;
      const timer = setTimeout(() => this.#keepWaiting(), delayMillis);
      timer.unref();
      this.#waiting = { timer, sinceMillis: now() };
    });
    this.#keep(now());
  }

  /** The same function until resources change. */
  readonly names = (): NameSource => this.#names;

  /** Waits for what is being written, and for changes that wait. */
  async close(): Promise<void> {
    this.#end();
    this.#keepWaiting();
    await this.#keeping;
  }

  #keepWaiting(): void {
    if (this.#waiting === undefined) return;
    const { timer, sinceMillis } = this.#waiting;
    clearTimeout(timer);
    this.#waiting = undefined;
    this.#keep(sinceMillis);
  }

  #keep(fromMillis: number): void {
    const { control, lake, files, log } = this.#settings;
    const resources = control.inventory();
    this.#keeping = this.#keeping.then(async () => {
      if (resources.length === 0) return;
      try {
        if (await keepResources(lake, fromMillis, JSON.stringify(resources))) this.#names = namesOfLake(lake, files);
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        log(`warning: names of resources are not kept: ${error.message}`);
      }
    });
  }
}
