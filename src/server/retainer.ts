/** Deletes blobs whose retention time is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import { hourMillis } from '../base/time.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { RetentionIndex, retain } from '../source/retain.ts';
import type { Accounts } from './accounts.ts';

export interface RetainerSettings {
  readonly control: ControlPlane;
  readonly accounts: Accounts;
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

export class Retainer {
  readonly #settings: RetainerSettings;
  /** Blobs. */
  deleted = 0;

  constructor(settings: RetainerSettings) {
    this.#settings = settings;
  }

  /** Runs at each full hour, and once at the start, until it is stopped. */
  async run(): Promise<void> {
    const { stop, now } = this.#settings;
    while (!stop.aborted) {
      await this.look();
      const toNextHour = hourMillis - (now() % hourMillis);
      await sleep(toNextHour, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async look(): Promise<void> {
    const { accounts, control, log, now } = this.#settings;
    const rules = control
      .snapshot()
      .flowLogs.map(({ id, targetId, retentionDays }) => ({ name: id, ids: [id, targetId], days: retentionDays }));
    if (rules.every(({ days }) => days === 0)) return;
    for (const name of accounts.names()) {
      const deletes = accounts.isBound(name) ? 'own' : 'all';
      try {
        const steps = retain(accounts.account(name), { rules: new RetentionIndex(rules), nowMillis: now(), deletes });
        for await (const { action, item, container, ageDays, rule, why } of steps) {
          if (action === 'refused') log(`retention of ${name}: ${why?.message}`);
          if (action !== 'deleted') continue;
          this.deleted++;
          log(
            `retention: deleted ${name}/${container.name}/${item.name}, ${ageDays} days old, kept ${rule.days} by ${rule.name}`,
          );
        }
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        if (error.code !== 'not-found') log(`retention of ${name}: ${error.message}`);
      }
    }
  }
}
