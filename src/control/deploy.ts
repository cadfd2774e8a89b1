/** Deployments of templates. */
import { ArmError } from './arm-error.ts';
import type { Engine } from './engine.ts';
import type { ArmResponse, Ask } from './request.ts';
import type { State } from './state.ts';

export interface Deployments {
  put(ask: Ask, id: string): Promise<ArmResponse>;
  /** POST `validate` and the like. */
  act(ask: Ask, id: string, action: string): Promise<ArmResponse>;
  operations(ask: Ask, id: string): Promise<ArmResponse>;
}

export function createDeployments(_state: State, _engine: Engine): Deployments {
  const missing = (): Promise<ArmResponse> =>
    Promise.reject(new ArmError('NotFound', 'Deployments are not there yet.'));
  return { put: missing, act: missing, operations: missing };
}
