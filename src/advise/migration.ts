/**
 * Migration from NSG flow logs to VNet flow logs: a plan with one step per flow log that is created or disabled. Azure
 * has not accepted new NSG flow logs since 30 June 2025 and retires them on 30 September 2027. Source: facts 3.4.
 */
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { JsonObject } from '../arm-template/value.ts';
import type { NetworkResources } from './coverage.ts';
import { groupOf } from '../control/resources/resource-path.ts';
import { objectOf, objectsOf, propertiesOf, referenceOf, textOf } from '../control/resources/resource.ts';

export interface MigrationStep {
  readonly step: 'create' | 'disable' | 'keep';
  /** Name of the flow log. */
  readonly name: string;
  readonly location: string;
  /** Id of its target. */
  readonly targetId: string;
  /** The NSG flow log that is replaced or disabled, as GET returns it. */
  readonly from: JsonObject;
  /** Why a step does nothing. */
  readonly reason: string;
}

/**
 * Steps in order: first create the new flow logs, then disable the old ones.
 * @param aggregate one flow log per VNet; otherwise one per subnet and NIC with an NSG
 */
export function planMigration(resources: NetworkResources, aggregate: boolean): MigrationStep[] {
  const taken = new Map(
    resources.flowLogs.map((flowLog) => [resourceKey(textOf(propertiesOf(flowLog)['targetResourceId'])), flowLog]),
  );
  const creates = new Map<string, MigrationStep>();
  const ends: MigrationStep[] = [];
  for (const from of resources.flowLogs) {
    const { targetResourceId, enabled, storageId } = propertiesOf(from);
    const nsgId = textOf(targetResourceId);
    if (!/\/networksecuritygroups\/[^/]+$/i.test(nsgId) || enabled !== true) continue;
    const about = { location: textOf(from['location']), from };
    const old = { ...about, name: textOf(from['name']), targetId: nsgId };
    const targets = targetsOf(resources, nsgId, aggregate);
    if (targets.length === 0) {
      ends.push({ ...old, step: 'keep', reason: 'its NSG is not attached to a subnet or NIC' });
      continue;
    }
    const otherStorage = targets
      .map((id) => creates.get(resourceKey(id)))
      .find(
        (step) =>
          step !== undefined &&
          resourceKey(textOf(propertiesOf(step.from)['storageId'])) !== resourceKey(textOf(storageId)),
      );
    if (otherStorage !== undefined) {
      const reason = `${textOf(otherStorage.from['name'])} has the same target but writes to another account: migrate without aggregation, or use one account`;
      ends.push({ ...old, step: 'keep', reason });
      continue;
    }
    for (const targetId of targets) {
      const key = resourceKey(targetId);
      const known = taken.get(key);
      if (creates.has(key)) continue;
      const name = known === undefined ? flowLogName(targetId) : textOf(known['name']);
      const isThere = known !== undefined && propertiesOf(known)['enabled'] === true;
      creates.set(key, {
        ...about,
        name,
        targetId,
        step: isThere ? 'keep' : 'create',
        reason: isThere ? 'the target already has a flow log' : '',
      });
    }
    ends.push({ ...old, step: 'disable', reason: '' });
  }
  return [...creates.values(), ...ends];
}

/** The body of a new VNet flow log, with storage, retention and traffic analytics of the NSG flow log. */
export function migratedBody({ from, location, targetId }: MigrationStep): JsonObject {
  const { storageId, retentionPolicy, flowAnalyticsConfiguration } = propertiesOf(from);
  return {
    location,
    properties: {
      targetResourceId: targetId,
      storageId,
      enabled: true,
      retentionPolicy: objectOf(retentionPolicy),
      format: { type: 'JSON', version: 2 },
      flowAnalyticsConfiguration: objectOf(flowAnalyticsConfiguration),
    },
  };
}

/** The portal's default name. Source: facts 5.2. */
function flowLogName(targetId: string): string {
  const subnet = /\/virtualnetworks\/([^/]+)\/subnets\//i.exec(targetId);
  const resource = subnet === null ? resourceName(targetId) : `${subnet[1]}-${resourceName(targetId)}`;
  return `${resource}-${groupOf(targetId)}-flowlog`.slice(0, 80);
}

/** Subnets and NICs of the NSG, or their VNets; ids in the casing of the resources. */
function targetsOf({ virtualNetworks, nics }: NetworkResources, nsgId: string, aggregate: boolean): string[] {
  const nsg = resourceKey(nsgId);
  const found = new Map<string, string>();
  const add = (id: string): void => void found.set(resourceKey(id), id);
  for (const network of virtualNetworks)
    for (const subnet of objectsOf(propertiesOf(network)['subnets']))
      if (resourceKey(referenceOf(propertiesOf(subnet)['networkSecurityGroup'])) === nsg)
        add(aggregate ? textOf(network['id']) : textOf(subnet['id']));
  for (const nic of nics) {
    const properties = propertiesOf(nic);
    if (resourceKey(referenceOf(properties['networkSecurityGroup'])) !== nsg) continue;
    const [first] = objectsOf(properties['ipConfigurations']);
    const subnet = referenceOf(propertiesOf(first ?? {})['subnet']);
    add(aggregate ? subnet.replace(/\/subnets\/[^/]+\/*$/i, '') : textOf(nic['id']));
  }
  return [...found.values()];
}
