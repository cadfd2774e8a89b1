/**
 * The older API for flow logs: POST to the network watcher with the NSG in the body. It creates or changes the NSG's
 * flow log resource. Booleans may be texts, and the analytics configuration is next to `properties`. Source: facts 5.2.
 */
import { Type } from 'typebox';
import { resourceName } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import { groupOf } from '../resources/resource-path.ts';
import type { Action, View } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { objectOf, propertiesOf, textOf } from '../resources/resource.ts';
import { analyticsSchema, flowLogType, formatSchema, retentionSchema } from './flow-log.ts';

export const configureFlowLog: Action = {
  name: 'configureFlowLog',
  long: true,
  schema: Type.Object({
    targetResourceId: Type.String(),
    properties: Type.Object({
      storageId: Type.String(),
      enabled: Type.Boolean(),
      retentionPolicy: retentionSchema,
      format: formatSchema,
    }),
    flowAnalyticsConfiguration: analyticsSchema,
  }),
  async run({ resource: watcher, body, view, changes }) {
    const targetId = textOf(body['targetResourceId']);
    const known = flowLogAt(view, targetId);
    const id = known?.id ?? `${watcher.id}/FlowLogs/Microsoft.Network${groupOf(targetId)}${resourceName(targetId)}`;
    const put = await changes.put(flowLogType, id, {
      location: known?.body['location'] ?? watcher.body['location'],
      tags: known?.body['tags'] ?? {},
      properties: {
        ...propertiesOf(known?.body ?? {}),
        ...propertiesOf(body),
        targetResourceId: targetId,
        flowAnalyticsConfiguration: body['flowAnalyticsConfiguration'],
      },
    });
    return information(put);
  },
};

export const queryFlowLogStatus: Action = {
  name: 'queryFlowLogStatus',
  long: true,
  schema: Type.Object({ targetResourceId: Type.String() }),
  run({ body, view }) {
    const targetId = textOf(body['targetResourceId']);
    if (!view.exists(targetId)) throw new ArmError('ResourceNotFound', `The resource ${targetId} was not found.`);
    const known = flowLogAt(view, targetId);
    return known === undefined ? nothingSet(targetId) : information(known);
  },
};

function flowLogAt(view: View, targetId: string): Resource | undefined {
  const link = view.linksTo(targetId).find(({ what }) => what === 'flowLogTarget');
  return link === undefined ? undefined : view.get(link.holder);
}

/** Without the analytics configuration if there is none: Azure's API description requires it complete or absent. */
function information(flowLog: Resource): Json {
  const { targetResourceId, storageId, enabled, retentionPolicy, format, flowAnalyticsConfiguration } = propertiesOf(
    flowLog.body,
  );
  return {
    targetResourceId,
    properties: { storageId, enabled, retentionPolicy, format },
    ...(Object.keys(objectOf(flowAnalyticsConfiguration)).length === 0 ? {} : { flowAnalyticsConfiguration }),
  };
}

function nothingSet(targetResourceId: string): JsonObject {
  return {
    targetResourceId,
    properties: {
      storageId: '',
      enabled: false,
      retentionPolicy: { days: 0, enabled: false },
      format: { type: 'JSON', version: 1 },
    },
  };
}
