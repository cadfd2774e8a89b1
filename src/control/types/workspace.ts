/** Log Analytics workspaces: targets of traffic analytics; no data is sent to them. */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import { propertiesOf } from '../resources/resource.ts';

export const workspace = defineType({
  type: 'Microsoft.OperationalInsights/workspaces',
  scope: 'group',
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
    rule: 'has 4 to 63 letters, digits and hyphens, and neither begins nor ends with a hyphen.',
  },
  location: 'required',
  schema: resourceSchema(
    Type.Object(
      {
        customerId: Type.Optional(Type.String({ readOnly: true })),
        retentionInDays: Type.Integer({ minimum: 7, maximum: 730, default: 30 }),
        sku: Type.Object({ name: Type.String({ default: 'PerGB2018' }) }, { default: {} }),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 200,
  changes: 'nothing',
  patch: 'merge',
  complete: (body, { previous }) => ({
    properties: {
      ...body.properties,
      customerId: propertiesOf(previous?.body ?? {})['customerId'] ?? randomUUID(),
    },
  }),
});
