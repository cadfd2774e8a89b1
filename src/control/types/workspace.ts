/**
 * Log Analytics workspaces: targets of traffic analytics. No data is sent to them: the query API answers for their
 * `customerId` from the lake (server/logs).
 */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { resourceName } from '../../arm-template/resource-id.ts';
import type { View } from '../resources/resource-type.ts';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import { propertiesOf, textOf } from '../resources/resource.ts';

export const workspaceType = 'Microsoft.OperationalInsights/workspaces';

/** A workspace for the query API. */
export interface WorkspaceState {
  readonly id: string;
  readonly name: string;
  /** A GUID: what clients of the query API call it. */
  readonly customerId: string;
  readonly location: string;
}

export function workspaceStates(view: View): WorkspaceState[] {
  return [...view.ofType(workspaceType)].map(({ id, body }) => ({
    id,
    name: resourceName(id),
    customerId: textOf(propertiesOf(body)['customerId']),
    location: textOf(body['location']),
  }));
}

export const workspace = defineType({
  type: workspaceType,
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
