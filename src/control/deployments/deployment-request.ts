/**
 * The body of a deployment: a template, its parameters and a mode.
 */
import { parameterValues } from '../../arm-template/parameters.ts';
import { resourceName } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { getProperty, isArray } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import type { Engine } from '../resources/engine.ts';
import type { Ask } from '../api/request.ts';
import { objectOf, propertiesOf, textOf } from '../resources/resource.ts';
import { conform } from '../resources/schema.ts';
import { deployment } from '../types/deployment.ts';

export interface DeploymentRequest {
  readonly id: string;
  readonly mode: string;
  readonly template: JsonObject;
  /** By name in lower case. */
  readonly parameters: JsonObject;
  readonly origin: string;
  /** For what-if: whether only ids are requested. */
  readonly isIdsOnly: boolean;
}

/** @throws ArmError if there is no template, or the parameters do not match it */
export function readDeployment(engine: Engine, ask: Ask, id: string): DeploymentRequest {
  engine.requireGroup(id);
  if (!deployment.name.pattern.test(resourceName(id)))
    throw new ArmError(
      'InvalidResourceName',
      `Resource name ${resourceName(id)} is invalid. The name ${deployment.name.rule}`,
    );
  const body = conform(deployment.schema, ask.body(), '') as JsonObject;
  const properties = propertiesOf(body);
  const template = properties['template'];
  if (typeof template !== 'object')
    throw new ArmError('InvalidTemplate', 'The deployment has no template; a templateLink is not followed.', {
      target: 'properties.template',
    });
  if (getProperty(properties, 'parametersLink') !== undefined)
    throw new ArmError('InvalidTemplate', 'The parameters of the deployment are a link, which is not followed.', {
      target: 'properties.parametersLink',
    });
  const given = Object.fromEntries(parameterValues(objectOf(properties['parameters']))) as JsonObject;
  checkParameters(template as JsonObject, given);
  const mode = textOf(properties['mode']);
  const format = getProperty(objectOf(properties['whatIfSettings']), 'resultFormat');
  const isIdsOnly = typeof format === 'string' && format.toLowerCase() === 'resourceidonly';
  return { id, mode, template: template as JsonObject, parameters: given, origin: ask.origin, isIdsOnly };
}

/** Checks that given parameters are declared, and that parameters without a default are given. */
function checkParameters(template: JsonObject, given: JsonObject): void {
  const declared = objectOf(template['parameters']);
  const names = new Set(Object.keys(declared).map((name) => name.toLowerCase()));
  const unknown = Object.keys(given).filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new ArmError(
      'InvalidTemplate',
      `Deployment template validation failed: The following parameters were supplied, but do not correspond to any parameters defined in the template: '${unknown.join(', ')}'.`,
    );
  for (const [name, parameter] of Object.entries(declared)) {
    const value = getProperty(given, name.toLowerCase());
    const about = objectOf(parameter);
    if (value === undefined) {
      if (getProperty(about, 'defaultValue') === undefined && getProperty(about, 'nullable') !== true)
        throw new ArmError(
          'InvalidTemplate',
          `Deployment template validation failed: The value for the template parameter '${name}' is not provided.`,
        );
      continue;
    }
    const allowed = getProperty(about, 'allowedValues');
    if (isArray(allowed) && !allowed.some((one) => one === value))
      throw new ArmError(
        'InvalidTemplate',
        `Deployment template validation failed: The value for the template parameter '${name}' is not one of its allowedValues.`,
      );
  }
}

/** As in the response; secure parameters without their value. */
export function shownParameters(request: DeploymentRequest): JsonObject {
  return Object.fromEntries(
    Object.entries(objectOf(request.template['parameters'])).flatMap(([name, parameter]) => {
      const type = textOf(objectOf(parameter)['type']);
      const key = name.toLowerCase();
      if (!Object.hasOwn(request.parameters, key)) return [];
      const value = request.parameters[key];
      return [[name, /^secure/i.test(type) ? { type } : { type, value }]];
    }),
  );
}
