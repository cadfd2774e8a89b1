/** Resources of Azure as files give them: answers of the REST API, output of `az`, exports and templates, state of Terraform. */
import { expandTemplate } from '../../arm-template/expand.ts';
import { resourceIdOf } from '../../arm-template/resource-id.ts';
import { defaultScope } from '../../arm-template/scope.ts';
import type { Json } from '../../arm-template/value.ts';
import { cidrFunctions } from '../../nsg/cidr-functions.ts';
import { isTemplate } from '../../nsg/import-arm.ts';
import { typeOfId } from '../../nsg/raw-resource.ts';
import type { Fields, InventoryResource } from './fields.ts';
import { text } from './fields.ts';
import { isTerraformState, terraformResources } from './terraform.ts';

/** @throws network-invalid where a template cannot be resolved */
export function resourcesIn(json: unknown, path: string): InventoryResource[] {
  if (isTerraformState(json)) return terraformResources(json);
  if (isTemplate(json as Json)) {
    const template = expandTemplate(json as Parameters<typeof expandTemplate>[0], {
      file: path,
      parameters: new Map(),
      scope: defaultScope,
      functions: cidrFunctions,
    });
    return template.resources.map((one) => ({ id: one.id, type: one.type.toLowerCase(), body: one.body() }));
  }
  const found: InventoryResource[] = [];
  collect(json, found, 0);
  return found;
}

const referenceKeys: ReadonlySet<string> = new Set(['id', 'resourcegroup', 'name', 'type']);

/** Resources at any depth of arrays and wrappers, and resources within these. */
function collect(json: unknown, found: InventoryResource[], depth: number): void {
  if (depth > 20) return;
  if (Array.isArray(json)) {
    for (const item of json) collect(item, found, depth + 1);
    return;
  }
  if (typeof json !== 'object' || json === null) return;
  const body = json as Fields;
  const id = text(body, 'id');
  const type = typeOfId(id) || text(body, 'type');
  const isResource = type.includes('/') && !Object.keys(body).every((key) => referenceKeys.has(key.toLowerCase()));
  if (isResource) {
    const name = text(body, 'name');
    found.push({ type: type.toLowerCase(), id: id || resourceIdOf(defaultScope, type, name.split('/')), body });
  }
  // The control plane keeps a resource as its id, type and body.
  for (const value of Object.values(body)) if (typeof value === 'object') collect(value, found, depth + 1);
}
