/** Resources of an ARM template, written by hand, exported, or compiled from Bicep. */
import { resourceName } from '../arm-template/resource-id.ts';
import { expandTemplate } from '../arm-template/expand.ts';
import type { Scope } from '../arm-template/scope.ts';
import type { JsonObject, Value, ValueObject } from '../arm-template/value.ts';
import { getProperty, isObject, scalarText } from '../arm-template/value.ts';
import { cidrFunctions } from './cidr-functions.ts';
import type { RawResource } from './raw-resource.ts';
import { isRelatedType, kindOfType } from './raw-resource.ts';

/** Whether a file is a deployment template. */
export function isTemplate(json: Value): json is JsonObject {
  if (!isObject(json)) return false;
  const schema = scalarText(getProperty(json, '$schema')).toLowerCase();
  return schema.includes('deploymenttemplate.json') || ('resources' in json && 'contentVersion' in json);
}

/**
 * The resources in file order, those of nested deployments last.
 * @param warnings receives what the template leaves open
 * @param existing finds deployed resources in other files
 * @throws network-invalid if the name, loop or condition of a network resource cannot be resolved
 */
export function templateResources(
  template: JsonObject,
  file: string,
  parameters: ReadonlyMap<string, Value>,
  scope: Scope,
  warnings: string[],
  existing?: (id: string) => ValueObject | undefined,
): RawResource[] {
  const options = { file, parameters, scope, functions: cidrFunctions };
  const expanded = expandTemplate(template, existing === undefined ? options : { ...options, existing });
  for (const { type, problem } of expanded.unresolved) {
    if (kindOfType(type) !== undefined && !isRelatedType(type)) throw problem.error();
    if (type === '' || isRelatedType(type))
      warnings.push(
        `${problem.where}: a resource is left out: its ${type === '' ? 'type' : 'name, loop or condition'} ${problem.expression}: ${problem.reason}`,
      );
  }
  for (const { name, path } of expanded.linked)
    warnings.push(
      `${file}: ${path}: the nested deployment '${name}' is a link, which is not followed; give its template as a file`,
    );
  const found: RawResource[] = [];
  for (const resource of expanded.resources) {
    if (resource.type.toLowerCase() === 'microsoft.compute/virtualmachinescalesets')
      warnings.push(
        `${file}: ${resource.path}: the NICs of the scale set '${resource.name}' are not in a template; export them with az vmss nic list`,
      );
    const kind = kindOfType(resource.type);
    if (kind === undefined) continue;
    const where = `${file}: ${resource.path}`;
    found.push({ kind, id: resource.id, name: resourceName(resource.id), body: resource.body(), where });
  }
  return found;
}
