/**
 * The control plane: a local Azure Resource Manager, free of HTTP. Requests go in, answers come out, and what they change is on disk before
 * it is answered.
 *
 *   request.ts      path, query, api-version, body
 *   routes.ts       which of them asks for what
 *   engine.ts       PUT, PATCH, DELETE with Azure's checks      types/   one file a resource type
 *   state.ts        resources in memory and on disk, links, listeners
 *   snapshot.ts     what should be logged where, for the recorder
 */
import type { Network } from '../nsg/network.ts';
import type { JsonObject } from '../arm-template/value.ts';
import { ArmError } from './arm-error.ts';
import type { ArmRequest, ArmResponse } from './api/request.ts';
import { parseRequest } from './api/request.ts';
import { createRoutes } from './api/routes.ts';
import { withHeaders } from './api/response-headers.ts';
import type { ControlOptions } from './settings.ts';
import type { ControlSnapshot, FlowLogState } from './resources/snapshot.ts';
import { flowLogState, inventoryResources, takeSnapshot } from './resources/snapshot.ts';
import type { Change } from './resources/state.ts';
import { openState } from './resources/state.ts';
import type { WorkspaceState } from './types/workspace.ts';
import { workspaceStates } from './types/workspace.ts';

export interface ControlPlane {
  /** Never rejects: failures become error responses. */
  handle(request: ArmRequest): Promise<ArmResponse>;
  /** NSGs, VNets and NICs for the rule evaluator; the same object until one of them changes. */
  network(): Network;
  /**
   * A function that builds the current `network()`, even after later changes; the same function until one of its
   * resources changes.
   */
  networkAsNow(): () => Network;
  /** One flow log of the snapshot, without building the whole snapshot. */
  flowLog(id: string): FlowLogState | undefined;
  snapshot(): ControlSnapshot;
  /** Resources of networks and machines, for names of addresses. */
  inventory(): JsonObject[];
  /** Log Analytics workspaces. */
  workspaces(): WorkspaceState[];
  /**
   * Calls `listener` after a change is on disk, before the response.
   * @returns a function that removes the listener
   */
  onChange(listener: (change: Change) => void): () => void;
  /** Waits for changes in progress. */
  close(): Promise<void>;
}

/**
 * Reads the data folder.
 * @throws state-invalid, and FlowError if the folder cannot be read or created
 */
export async function createControlPlane(options: ControlOptions): Promise<ControlPlane> {
  const state = await openState(options);
  const route = createRoutes(state);
  return {
    async handle(request) {
      const { settings } = state;
      const nowMillis = settings.now();
      try {
        return withHeaders(request, await route(parseRequest(request, settings.origin, nowMillis)), nowMillis);
      } catch (error) {
        if (error instanceof ArmError) return withHeaders(request, errorResponse(error), nowMillis);
        options.onFault?.(error, request);
        const fault = new ArmError('InternalServerError', `An error occurred: ${sentenceOf(error)}`);
        return withHeaders(request, errorResponse(fault), nowMillis);
      }
    },
    network: () => state.view().network(),
    networkAsNow: () => state.networkAsNow(),
    flowLog(id) {
      const resource = state.store.get(id);
      return resource === undefined ? undefined : flowLogState(resource, state.view());
    },
    snapshot: () => takeSnapshot(state),
    inventory: () => inventoryResources(state),
    workspaces: () => workspaceStates(state.view()),
    onChange: (listener) => state.onChange(listener),
    close: () => state.exclusive(() => Promise.resolve()),
  };
}

function errorResponse(error: ArmError): ArmResponse {
  return { status: error.status, headers: {}, body: { error: error.describe() } };
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
