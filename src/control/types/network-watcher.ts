/**
 * Network watchers: one per region, created with the region's first network resource, in the group `NetworkWatcherRG`.
 */
import { Type } from 'typebox';
import type { JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import { ipFlowVerify } from '../diagnostics/ip-flow-verify.ts';
import { securityGroupView } from '../diagnostics/security-group-view.ts';
import { groupId, subscriptionOf } from '../resources/resource-path.ts';
import type { View } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { textOf } from '../resources/resource.ts';
import { configureFlowLog, queryFlowLogStatus } from './configure-flow-log.ts';

const type = 'Microsoft.Network/networkWatchers';
export const watcherGroup = 'NetworkWatcherRG';

export const networkWatcher = defineType({
  type,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(Type.Object({}, { default: {} })),
  deleteStatus: 204,
  isImmediate: true,
  changes: 'nothing',
  actions: [configureFlowLog, queryFlowLogStatus, ipFlowVerify, securityGroupView],
  complete(_body, { id, location, view }) {
    const other = watcherOf(view, subscriptionOf(id), location);
    if (other !== undefined && other.id.toLowerCase() !== id.toLowerCase())
      throw new ArmError(
        'NetworkWatcherCountLimitReached',
        `Cannot create more than 1 network watchers for this subscription in this region. ${other.id} is there.`,
      );
    return { properties: { runningOperationIds: [] } };
  },
});

/** The watcher of a region. */
export function watcherOf(view: View, subscription: string, location: string): Resource | undefined {
  for (const watcher of view.ofType(type))
    if (
      textOf(watcher.body['location']) === location &&
      subscriptionOf(watcher.id).toLowerCase() === subscription.toLowerCase()
    )
      return watcher;
  return undefined;
}

/** The resources to create so that a region has its watcher, in order; [] if it has one. */
export function missingWatcher(
  view: View,
  subscription: string,
  location: string,
): { type: string; id: string; body: JsonObject }[] {
  if (watcherOf(view, subscription, location) !== undefined) return [];
  const group = groupId(subscription, watcherGroup);
  const body = { location };
  const watcher = { type, id: `${group}/providers/${type}/NetworkWatcher_${location}`, body };
  const missingGroup = { type: 'Microsoft.Resources/resourceGroups', id: group, body };
  return view.get(group) === undefined ? [missingGroup, watcher] : [watcher];
}
