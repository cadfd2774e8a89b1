/**
 * References between resources of one region.
 */
import { resourceName } from '../../arm-template/resource-id.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { textOf } from '../resources/resource.ts';

/**
 * The resource with an id and the required type.
 * @throws InvalidResourceReference
 */
export function requireReference(view: View, id: string, type: string, from: string): Resource {
  const resource = view.get(id);
  if (resource !== undefined && resource.type.toLowerCase() === type.toLowerCase()) return resource;
  throw notReferenced(id, from);
}

/** The error for a missing target of a reference. */
export function notReferenced(id: string, from: string, target?: string): ArmError {
  return new ArmError(
    'InvalidResourceReference',
    `Resource ${id.slice(0, 400)} referenced by resource ${from} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    { target },
  );
}

/**
 * The same, in the region of the new resource.
 * @throws InvalidResourceReference
 */
export function requireNear(context: WriteContext, id: string, type: string): Resource {
  const resource = requireReference(context.view, id, type, context.id);
  const location = textOf(resource.body['location']);
  if (location === context.location) return resource;
  throw new ArmError(
    'InvalidResourceReference',
    `Resource ${id} referenced by resource ${context.id} is in ${location}, and ${resourceName(context.id)} is in ${context.location}: both must be in the same region.`,
  );
}
