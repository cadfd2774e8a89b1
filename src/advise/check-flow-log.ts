import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { JsonObject } from '../arm-template/value.ts';
import { locationOf } from '../control/resources/resource-path.ts';
import { objectOf, objectsOf, propertiesOf, referenceOf, textOf } from '../control/resources/resource.ts';
import { checkBlobs } from './check-blobs.ts';
import type { Check } from './check.ts';
import type { NetworkResources } from './coverage.ts';
import type { ResourceManager } from './resource-manager.ts';
import { networkVersion, resourcesVersion, storageVersion } from './resource-manager.ts';

/**
 * Runs all checks for one flow log, as GET returns it.
 * @param data the data folder of the service
 */
export async function checkFlowLog(
  arm: ResourceManager,
  flowLog: JsonObject,
  resources: NetworkResources,
  data: string,
  nowMillis: number,
): Promise<Check[]> {
  const properties = propertiesOf(flowLog);
  const account = await arm.get(textOf(properties['storageId']), storageVersion);
  const diagnosis = arm.isAzure ? undefined : await arm.post(`${textOf(flowLog['id'])}/diagnose`, networkVersion, {});
  return [
    await checkProvider(arm),
    checkEnabled(properties),
    checkTarget(properties, resources),
    checkAccount(properties, account),
    checkRegion(flowLog, account),
    checkFirewall(account),
    checkKey(diagnosis),
    await checkBlobs(arm, flowLog, account, diagnosis, data, nowMillis),
  ];
}

async function checkProvider(arm: ResourceManager): Promise<Check> {
  const provider = await arm.get(`/subscriptions/${arm.subscription}/providers/Microsoft.Insights`, resourcesVersion);
  const state = textOf(provider?.['registrationState']);
  return state === 'Registered'
    ? { check: 'provider', state: 'ok', finding: 'Microsoft.Insights is registered' }
    : {
        check: 'provider',
        state: 'wrong',
        finding: 'Microsoft.Insights is not registered: az provider register --namespace Microsoft.Insights',
      };
}

function checkEnabled(properties: JsonObject): Check {
  return properties['enabled'] === true
    ? { check: 'enabled', state: 'ok', finding: 'the flow log is enabled' }
    : { check: 'enabled', state: 'wrong', finding: 'the flow log is disabled' };
}

function checkTarget(properties: JsonObject, { nics, virtualNetworks, nsgs }: NetworkResources): Check {
  const target = resourceKey(textOf(properties['targetResourceId']));
  const subnets = virtualNetworks.flatMap((network) => objectsOf(propertiesOf(network)['subnets']));
  const known = [...nics, ...virtualNetworks, ...nsgs, ...subnets].some(
    (one) => resourceKey(textOf(one['id'])) === target,
  );
  if (!known)
    return { check: 'target', state: 'wrong', finding: `${textOf(properties['targetResourceId'])} does not exist` };
  const withNsg = new Set(
    subnets
      .filter((subnet) => resourceKey(referenceOf(propertiesOf(subnet)['networkSecurityGroup'])) === target)
      .map((subnet) => resourceKey(textOf(subnet['id']))),
  );
  const count = nics.filter((nic) => {
    const fields = propertiesOf(nic);
    const [first] = objectsOf(fields['ipConfigurations']);
    const subnet = resourceKey(referenceOf(propertiesOf(first ?? {})['subnet']));
    const places = [
      resourceKey(textOf(nic['id'])),
      subnet,
      subnet.replace(/\/subnets\/[^/]+$/, ''),
      resourceKey(referenceOf(fields['networkSecurityGroup'])),
    ];
    return places.includes(target) || withNsg.has(subnet);
  }).length;
  return count > 0
    ? { check: 'target', state: 'ok', finding: `${count} network interface${count === 1 ? '' : 's'} can be logged` }
    : { check: 'target', state: 'wrong', finding: 'there is no network interface, so there is no traffic to log' };
}

function checkAccount(properties: JsonObject, account: JsonObject | undefined): Check {
  const name = resourceName(textOf(properties['storageId']));
  if (account === undefined)
    return { check: 'account', state: 'wrong', finding: `the storage account ${name} does not exist` };
  const kind = textOf(account['kind']);
  const sku = textOf(objectOf(account['sku'])['name']);
  const { days, enabled } = objectOf(properties['retentionPolicy']);
  if (sku.startsWith('Premium') || kind === 'BlockBlobStorage' || kind === 'FileStorage')
    return {
      check: 'account',
      state: 'wrong',
      finding: `${name} is ${kind} with ${sku}; a standard account is wanted`,
    };
  if (kind !== 'StorageV2' && enabled === true && days !== 0)
    return {
      check: 'account',
      state: 'wrong',
      finding: `${name} is ${kind}: retention needs general purpose v2`,
    };
  return { check: 'account', state: 'ok', finding: `${name} is ${kind} with ${sku}` };
}

function checkRegion(flowLog: JsonObject, account: JsonObject | undefined): Check {
  if (account === undefined) return { check: 'region', state: 'unknown', finding: 'there is no account' };
  const [own, other] = [flowLog, account].map((one) => locationOf(textOf(one['location'])));
  return own === other
    ? { check: 'region', state: 'ok', finding: `target and account are in ${own}` }
    : {
        check: 'region',
        state: 'wrong',
        finding: `the account is in ${other}, and the flow log in ${own}: they must be in one region`,
      };
}

function checkFirewall(account: JsonObject | undefined): Check {
  if (account === undefined) return { check: 'firewall', state: 'unknown', finding: 'there is no account' };
  const rules = objectOf(propertiesOf(account)['networkAcls']);
  if (textOf(rules['defaultAction']) !== 'Deny')
    return { check: 'firewall', state: 'ok', finding: 'the account has no firewall' };
  return /azureservices/i.test(textOf(rules['bypass']))
    ? { check: 'firewall', state: 'ok', finding: 'the firewall allows trusted services' }
    : {
        check: 'firewall',
        state: 'wrong',
        finding: 'the firewall does not allow trusted services: az storage account update --bypass AzureServices',
      };
}

function checkKey(diagnosis: JsonObject | undefined): Check {
  if (diagnosis === undefined)
    return { check: 'key', state: 'unknown', finding: 'Azure does not show which key the flow log uses' };
  return diagnosis['keyIsCurrent'] === false
    ? {
        check: 'key',
        state: 'wrong',
        finding:
          'key1 was regenerated after the flow log was enabled: disable and enable it (flow-log update --enabled)',
      }
    : { check: 'key', state: 'ok', finding: 'the flow log uses the current key1' };
}
