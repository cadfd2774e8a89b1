import { FlowError } from '../base/errors.ts';
import { locationOf } from '../control/resources/resource-path.ts';
import { textOf } from '../control/resources/resource.ts';
import { describeDoubles } from '../nsg/doubles.ts';
import { importNetwork, ruleWithoutPlace } from '../nsg/import.ts';
import type { Check } from './check.ts';
import type { NetworkResources } from './coverage.ts';
import type { ResourceManager } from './resource-manager.ts';
import { networkVersion } from './resource-manager.ts';

/** Unknown service tags in rules; `undefined` if there are none. The service or Azure lists the known tags. */
export async function checkTags(arm: ResourceManager, resources: NetworkResources): Promise<Check | undefined> {
  try {
    return await findUnknownTags(arm, resources);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    return { check: 'tags', state: 'unknown', finding: error.message };
  }
}

async function findUnknownTags(arm: ResourceManager, { nsgs }: NetworkResources): Promise<Check | undefined> {
  if (nsgs.length === 0) return undefined;
  const files = [{ path: 'the service', json: { value: nsgs } }];
  if (importNetwork({ files, inForce: true }).unknownTags.length === 0) return undefined;
  const place = `/subscriptions/${arm.subscription}/providers/Microsoft.Network/locations/${locationOf(textOf(nsgs[0]['location']))}`;
  const list = await arm.get(`${place}/serviceTags`, networkVersion);
  const serviceTags = list === undefined ? undefined : { path: 'serviceTags', json: list };
  const { unknownTags } = importNetwork({ files, serviceTags, inForce: true });
  if (unknownTags.length === 0) return undefined;
  const named = unknownTags.map(
    ({ tag, rules }) =>
      `${tag} (${rules.slice(0, rulesNamed).map(ruleWithoutPlace).join(', ')}${rules.length > rulesNamed ? ', …' : ''})`,
  );
  return {
    check: 'tags',
    state: 'unknown',
    finding: `service tags that are not known here match no address: ${named.join('; ')}`,
  };
}

/**
 * Interfaces with the same address, which a capture cannot distinguish; `undefined` if there are none, and for Azure,
 * which records at each interface.
 */
export function checkAddresses(arm: ResourceManager, { nics, virtualNetworks }: NetworkResources): Check | undefined {
  if (arm.isAzure || nics.length === 0) return undefined;
  const files = [{ path: 'the service', json: { value: [...virtualNetworks, ...nics] } }];
  const doubles = describeDoubles(importNetwork({ files, inForce: true }).nics);
  if (doubles.length === 0) return undefined;
  const named = doubles.slice(0, doublesNamed).join('; ');
  return {
    check: 'address',
    state: 'unknown',
    finding: doubles.length > doublesNamed ? `${named}; and ${doubles.length - doublesNamed} more` : named,
  };
}

const doublesNamed = 3;

/** Rules listed for each tag. */
const rulesNamed = 3;
