/**
 * Resources of types that the control plane does not know, from templates: stored, returned, listed and deleted, but
 * never evaluated. Types in docs/reference/networks.md, such as gateways, extend the meaning of rules as in files.
 */
import { Type } from 'typebox';
import { isRelatedType } from '../../nsg/raw-resource.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { defineType, resourceSchema } from '../resources/resource-type.ts';

const schema = resourceSchema(Type.Object({}, { default: {} }));

const known = new Map<string, ResourceType>();

/** The definition of a type such as `Microsoft.Compute/virtualMachines`; `undefined` if the name is not a type. */
export function inertType(type: string): ResourceType | undefined {
  if (!/^[A-Za-z][A-Za-z0-9.]{0,99}(\/[A-Za-z][A-Za-z0-9.-]{0,99}){1,6}$/.test(type)) return undefined;
  const key = type.toLowerCase();
  const before = known.get(key);
  if (before !== undefined) return before;
  const definition = defineType({
    type,
    scope: 'group',
    name: { pattern: /^[^/\\?#%&<>]{1,260}$/, rule: 'has 1 to 260 characters, none of them one of / \\ ? # % & < >.' },
    location: 'optional',
    schema,
    deleteStatus: 200,
    changes: isRelatedType(type) ? 'network' : 'nothing',
    isInert: true,
    patch: 'merge',
    complete: ({ properties }) => ({ properties: { ...properties } }),
  });
  if (known.size < typesMax) known.set(key, definition);
  return definition;
}

const typesMax = 1000;
