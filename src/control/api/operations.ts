/**
 * Long operations for clients that poll. The work is finished before the first response, but the operation is reported
 * as in progress for a moment. Operations are in memory; after a restart they are unknown.
 */
import { randomUUID } from 'node:crypto';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { limits } from '../../base/limits.ts';
import type { ArmResponse } from './request.ts';

export interface Operation {
  readonly id: string;
  readonly startMillis: number;
  readonly endMillis: number;
  /** The final result. */
  readonly result: ArmResponse;
}

export interface Operations {
  /** @param resource id of the changing resource, '' for none */
  start(resource: string, result: ArmResponse): Operation;
  get(id: string): Operation | undefined;
  isDone(operation: Operation): boolean;
  /** Whether a resource is reported as changing. */
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
