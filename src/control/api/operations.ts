/**
 * Long operations, for clients that poll: their work is done before the first answer, and they are said to be in progress for a moment.
 * They are remembered in memory; after a restart a client is told that its operation is not known.
 */
import { randomUUID } from 'node:crypto';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { limits } from '../../base/limits.ts';
import type { ArmResponse } from './request.ts';

export interface Operation {
  readonly id: string;
  readonly startMillis: number;
  readonly endMillis: number;
  /** What its Location gives in the end. */
  readonly result: ArmResponse;
}

export interface Operations {
  /** `resource` is the id that is being changed, '' for none. */
  start(resource: string, result: ArmResponse): Operation;
  get(id: string): Operation | undefined;
  isDone(operation: Operation): boolean;
  /** Whether a resource is said to be changing. */
  isPending(resource: string): boolean;
}

const durationMillis = 900;

export function createOperations(now: () => number): Operations {
  const known = new Map<string, Operation>();
  const busy = new Map<string, Operation>();
  const isDone = (operation: Operation): boolean => now() >= operation.endMillis;
  return {
    start(resource, result) {
      const startMillis = now();
      const operation = { id: randomUUID(), startMillis, endMillis: startMillis + durationMillis, result };
      known.set(operation.id, operation);
      if (resource !== '') busy.set(resourceKey(resource), operation);
      for (const old of [known, busy])
        for (const key of old.keys()) {
          if (old.size <= limits.armOperationsMax) break;
          old.delete(key);
        }
      return operation;
    },
    get: (id) => known.get(id.toLowerCase()),
    isDone,
    isPending(resource) {
      const operation = busy.get(resourceKey(resource));
      return operation !== undefined && !isDone(operation);
    },
  };
}
