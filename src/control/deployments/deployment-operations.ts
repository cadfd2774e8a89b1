/** `…/deployments/{name}/operations[/{id}]`: the created resources of a deployment, and the one that failed. */
import { createHash } from 'node:crypto';
import { resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { ok } from '../api/answer.ts';
import { ArmError } from '../arm-error.ts';
import { listPage } from '../api/list.ts';
import type { ArmResponse, Ask } from '../api/request.ts';
import type { Resource } from '../resources/resource.ts';
import { objectOf, objectsOf, propertiesOf, textOf } from '../resources/resource.ts';

/**
 * The operations of a deployment, or with an id, one of them.
 * @throws DeploymentOperationNotFound
 */
export function answerOperations(ask: Ask, deployment: Resource, id: string, pageSize: number): ArmResponse {
  const all = operationsOf(deployment);
  if (id === '') return ok(listPage(ask, all, pageSize));
  const found = all.find(({ operationId }) => textOf(operationId).toLowerCase() === id.toLowerCase());
  if (found !== undefined) return ok(found);
  throw new ArmError(
    'DeploymentOperationNotFound',
    `The deployment operation '${id.slice(0, 80)}' of the deployment '${deployment.name}' could not be found.`,
  );
}

function operationsOf({ id, body }: Resource): JsonObject[] {
  const properties = propertiesOf(body);
  const made = objectsOf(properties['outputResources']).map((target) => textOf(target['id']));
  const failure = objectOf(properties['error']);
  const failed = objectsOf(failure['details']).filter((detail) => textOf(detail['target']).startsWith('/'));
  const operation = (target: string, state: JsonObject): JsonObject => {
    const operationId = createHash('sha256').update(target.toLowerCase()).digest('hex').slice(0, 16).toUpperCase();
    return {
      id: `${id}/operations/${operationId}`,
      operationId,
      properties: {
        provisioningOperation: 'Create',
        timestamp: properties['timestamp'],
        duration: 'PT0S',
        trackingId: properties['correlationId'],
        ...state,
        targetResource: { id: target, resourceType: typeOf(target), resourceName: resourceName(target) },
      },
    };
  };
  return [
    ...made.map((target) => operation(target, { provisioningState: 'Succeeded', statusCode: 'OK' })),
    ...failed.map((detail) => {
      const { target: _, ...error } = detail;
      return operation(textOf(detail['target']), {
        provisioningState: 'Failed',
        statusCode: 'BadRequest',
        statusMessage: { status: 'Failed', error: error as Json },
      });
    }),
  ];
}

/** `Microsoft.Network/virtualNetworks/subnets` */
function typeOf(id: string): string {
  const [namespace = '', ...rest] = (id.split(/\/providers\//i).at(-1) ?? '').split('/');
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
}
