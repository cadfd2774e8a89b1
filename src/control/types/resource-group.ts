/** Resource groups, which contain all other resources. */
import { Type } from 'typebox';
import { defineType, resourceSchema } from '../resources/resource-type.ts';

export const groupType = 'Microsoft.Resources/resourceGroups';

export const resourceGroup = defineType({
  type: groupType,
  scope: 'subscription',
  name: {
    pattern: /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    rule: 'can be up to 90 characters long, holds letters, digits, underscores, parentheses, hyphens and periods, and does not end with a period.',
  },
  location: 'required',
  schema: resourceSchema(Type.Object({}, { default: {} }), { managedBy: Type.Optional(Type.String()) }),
  deleteStatus: 202,
  isImmediate: true,
  changes: 'nothing',
  patch: 'merge',
  complete: () => ({ properties: {} }),
});
