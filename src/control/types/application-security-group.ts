/** Application security groups: names for NICs, used in rules instead of addresses. */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import { propertiesOf } from '../resources/resource.ts';

export const applicationSecurityGroup = defineType({
  type: 'Microsoft.Network/applicationSecurityGroups',
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object({ resourceGuid: Type.Optional(Type.String({ readOnly: true })) }, { default: {} }),
  ),
  deleteStatus: 200,
  changes: 'network',
  inUse: {
    code: 'InUseApplicationSecurityGroupCannotBeDeleted',
    noun: 'Application security group',
    by: ['applicationSecurityGroup'],
  },
  complete: (_body, { previous }) => ({
    properties: { resourceGuid: propertiesOf(previous?.body ?? {})['resourceGuid'] ?? randomUUID() },
  }),
});
