/** Azure's checks before a resource of any type is written or deleted: names, places, conditions, and references. */
import { resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import { locationOf } from './resource-path.ts';
import type { ChildType, InUse, NameRule, ResourceType, View } from './resource-type.ts';
import { resourceTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';
import { textOf } from './resource.ts';
import { childElements, childId } from './response-body.ts';

/** `If-Match` and `If-None-Match` of a request. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  /** Nothing is stored: the response shows what would be. */
  readonly isPreview?: true | undefined;
}

/** Ids of a resource and of its child resources. */
export function partsOf(resource: Resource): string[] {
  const children = resourceTypeNamed(resource.type)?.children ?? [];
  return [
    resource.id,
    ...children.flatMap((child) =>
      childElements(child, resource).map((element) => childId(child, resource, textOf(element['name']))),
    ),
  ];
}

/** Child resources that a change removes. */
export function droppedParts(before: Resource, after: Resource): { id: string; child: ChildType }[] {
  return (resourceTypeNamed(before.type)?.children ?? []).flatMap((child) => {
    const kept = childElements(child, after).map((element) => textOf(element['name']));
    return childElements(child, before)
      .map((element) => textOf(element['name']))
      .filter((name) => !kept.some((other) => resourceKey(other) === resourceKey(name)))
      .map((name) => ({ id: childId(child, before, name), child }));
  });
}

/**
 * @param within an id whose own resources do not count as users; '' for none
 * @throws the type's code if it is in use
 */
export function checkUnused(view: View, resource: Resource, within: string): void {
  const definition = resourceTypeNamed(resource.type);
  checkUse(view, resource.id, definition?.inUse, within);
  for (const child of definition?.children ?? [])
    for (const element of childElements(child, resource))
      checkPartUnused(view, childId(child, resource, textOf(element['name'])), child, within);
}

export function checkPartUnused(view: View, id: string, child: ChildType, within: string): void {
  checkUse(view, id, child.inUse, within);
}

function checkUse(view: View, id: string, inUse: InUse | undefined, within: string): void {
  if (inUse === undefined) return;
  const prefix = within === '' ? '' : `${resourceKey(within)}/`;
  const users = view
    .linksTo(id)
    .filter(({ what, holder }) => inUse.by.includes(what) && (prefix === '' || !resourceKey(holder).startsWith(prefix)))
    .map(({ from }) => from);
  if (users.length === 0) return;
  const shown = users.slice(0, 5).join(', ');
  const more = users.length > 5 ? `, and ${users.length - 5} more` : '';
  throw new ArmError(
    inUse.code,
    `${inUse.noun} ${resourceName(id)} cannot be deleted because it is in use by the following resources: ${shown}${more}. In order to delete it, remove the association with the resource(s).`,
    { target: id },
  );
}

export function checkName({ pattern, rule, code = 'InvalidResourceName' }: NameRule, name: string): void {
  if (!pattern.test(name)) throw new ArmError(code, `Resource name ${name.slice(0, 100)} is invalid. The name ${rule}`);
}

export function checkConditions(resource: Resource | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
  const holds = (text: string): boolean =>
    resource !== undefined &&
    text.split(',').some((tag) => {
      const bare = tag.trim().replace(/^W\//, '').replaceAll('"', '');
      return bare === '*' || bare === resource.etag;
    });
  if (ifMatch !== undefined && ifMatch !== '' && !holds(ifMatch))
    throw new ArmError(
      'PreconditionFailed',
      resource === undefined
        ? 'If-Match is given, but the resource does not exist.'
        : `Precondition failed. Etag provided in If-Match header ${ifMatch.slice(0, 80)} does not match etag W/"${resource.etag}" of resource ${resource.id}.`,
    );
  if (ifNoneMatch !== undefined && ifNoneMatch !== '' && holds(ifNoneMatch))
    throw new ArmError('PreconditionFailed', `Precondition failed: the resource ${resource?.id ?? ''} exists.`);
}

export function readLocation(
  definition: ResourceType,
  body: JsonObject,
  previous: Resource | undefined,
  name: string,
): string {
  if (definition.location === 'none') return '';
  const before = textOf(previous?.body['location']);
  const given = textOf(body['location']);
  if (given === '') {
    if (before !== '' || definition.location === 'optional') return before;
    throw new ArmError('LocationRequired', 'The location property is required for this definition.', {
      target: 'location',
    });
  }
  const location = locationOf(given);
  if (!/^[a-z0-9]{2,40}$/.test(location))
    throw new ArmError(
      'LocationNotAvailableForResourceType',
      `The provided location '${given}' is not available for resource type '${definition.type}'.`,
      { target: 'location' },
    );
  if (before === '' || before === location) return location;
  if (definition.scope === 'subscription')
    throw new ArmError(
      'InvalidResourceGroupLocation',
      `Invalid resource group location '${location}'. The Resource group already exists in location '${before}'.`,
    );
  throw new ArmError(
    'InvalidResourceLocation',
    `The resource '${name}' already exists in location '${before}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
  );
}
