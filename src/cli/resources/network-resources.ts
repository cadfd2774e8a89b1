import type { JsonObject } from '../../arm-template/value.ts';
import type { NetworkResources } from '../../advise/coverage.ts';
import type { Arm } from './arm.ts';
import { networkVersion } from '../../advise/resource-manager.ts';
import { listWatchers } from './flow-log.ts';

/** NSGs, VNets, NICs and flow logs of a subscription, as GET returns them. */
export async function readNetworkResources(arm: Arm): Promise<NetworkResources> {
  const network = `/subscriptions/${arm.subscription}/providers/Microsoft.Network`;
  const list = (type: string): Promise<JsonObject[]> => arm.list(`${network}/${type}`, networkVersion);
  const flowLogs: JsonObject[] = [];
  for (const { group, name } of await listWatchers(arm))
    flowLogs.push(
      ...(await arm.list(
        `/subscriptions/${arm.subscription}/resourceGroups/${group}/providers/Microsoft.Network/networkWatchers/${name}/flowLogs`,
        networkVersion,
      )),
    );
  return {
    nsgs: await list('networkSecurityGroups'),
    virtualNetworks: await list('virtualNetworks'),
    nics: await list('networkInterfaces'),
    flowLogs,
  };
}
