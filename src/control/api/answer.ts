/**
 * Responses: complete at once or, in asynchronous mode, with an operation to poll. Clients treat a `Retry-After` of 0
 * as absent and wait half a minute. Source: control-plane facts 1.4, 5.
 */
import type { Json } from '../../arm-template/value.ts';
import { formatTime } from '../../base/time.ts';
import { ArmError } from '../arm-error.ts';
import type { Operation, Operations } from './operations.ts';
import type { ArmResponse, Ask } from './request.ts';

export function ok(body: Json, status = 200, headers: Record<string, string> = {}): ArmResponse {
  return { status, headers, body };
}

export function empty(status: number): ArmResponse {
  return { status, headers: {} };
}

/** URL to poll an operation. `kind` is `operations` for its status, `operationResults` for its result. */
function operationUrl(ask: Ask, subscription: string, operation: Operation, kind: string): string {
  return `${ask.origin}/subscriptions/${subscription}/providers/Microsoft.Network/locations/local/${kind}/${operation.id}?api-version=${ask.apiVersion}`;
}

/** Headers of a response before its operation is finished. */
export function pollHeaders(
  ask: Ask,
  subscription: string,
  operation: Operation,
  ways: readonly ('operations' | 'operationResults')[],
): Record<string, string> {
  const headers: Record<string, string> = { 'retry-after': '1' };
  if (ways.includes('operations'))
    headers['azure-asyncoperation'] = operationUrl(ask, subscription, operation, 'operations');
  if (ways.includes('operationResults'))
    headers['location'] = operationUrl(ask, subscription, operation, 'operationResults');
  return headers;
}

/**
 * The response to a poll.
 * @throws NotFound for an unknown operation
 */
export function poll(ask: Ask, subscription: string, operations: Operations, kind: string, id: string): ArmResponse {
  const operation = operations.get(id);
  if (operation === undefined) throw new ArmError('NotFound', `The operation '${id.slice(0, 80)}' is not known.`);
  const isDone = operations.isDone(operation);
  if (kind === 'operations')
    return {
      status: 200,
      headers: isDone ? {} : { 'retry-after': '1' },
      body: {
        status: isDone ? 'Succeeded' : 'InProgress',
        name: operation.id,
        startTime: formatTime(operation.startMillis),
        ...(isDone ? { endTime: formatTime(operation.endMillis) } : {}),
      },
    };
  return isDone
    ? operation.result
    : { status: 202, headers: pollHeaders(ask, subscription, operation, ['operationResults']) };
}
