/**
 * What is recorded where: the plain settings that `record` takes from the command line, and that a service makes from its control plane's
 * resources.
 */
import { providerPath, resourceName } from '../arm-template/resource-id.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { Network, Nic } from '../nsg/network.ts';
import { guidOf } from '../nsg/network.ts';

/** A stretch of time; `Infinity` at either end where there is no end. */
export interface Span {
  /** Included. Epoch milliseconds, as is the end. */
  readonly fromMillis: number;
  /** Excluded. */
  readonly untilMillis: number;
}

/** One flow log, with settings that hold at the same times. Of two with one target and format the first counts: Azure has one flow log a target. */
export interface FlowLogSettings {
  /** ARM id of the flow log. */
  readonly id: string;
  /** `flowLogGUID` of VNet logs. */
  readonly guid: string;
  /** ARM id of an NSG, or for `vnet` of a VNet, subnet or NIC; as VNet logs write it. */
  readonly targetId: string;
  /** `nsg1` or `nsg2` for an NSG, `vnet` for the others. */
  readonly format: FlowLogFormat;
  /** Which account its blobs go to; what `accountOf` understands. */
  readonly storage: string;
  /** See Destination. */
  readonly sender?: string | undefined;
  /** Which flows it holds, in Azure's language (flowlog/filtering-criteria.ts); `undefined` or '' for all. VNet logs only. */
  readonly enabledFilteringCriteria?: string;
  /** Which flow states it holds, such as `B,E`; `undefined` or '' for all. VNet logs only. */
  readonly recordTypes?: string;
  /** When it is on: it holds the tuples whose written times lie in one of these. In order, apart from each other; `undefined` is always. */
  readonly spans?: readonly Span[] | undefined;
}

/** A network and the flow logs on it, as they are from some minute on. */
export interface RecordingConfiguration {
  readonly network: Network;
  readonly flowLogs: readonly FlowLogSettings[];
}

/**
 * The flow logs of a recording that names none: in the NSG formats one for each NSG, in the VNet format one for each VNet with a NIC, and one
 * for each NIC whose VNet is not known. `filter` is that of the VNet logs.
 */
export function defaultFlowLogs(
  network: Network,
  formats: readonly FlowLogFormat[],
  storage: string,
  filter: Pick<FlowLogSettings, 'enabledFilteringCriteria' | 'recordTypes'> = {},
): FlowLogSettings[] {
  return formats.flatMap((format): FlowLogSettings[] => {
    if (format !== 'vnet')
      return network.nsgs.map((nsg) => ({ ...nameFlowLog(nsg.id, nsg.location), format, storage }));
    const targets = new Map(network.nics.map((nic) => [targetOf(nic), nic.subnet?.virtualNetwork.location]));
    return [...targets].map(([target, region]) => ({ ...nameFlowLog(target, region), format, storage, ...filter }));
  });
}

function targetOf(nic: Nic): string {
  return nic.subnet?.virtualNetwork.id ?? nic.id;
}

/** Names as the portal gives them: `{resource}-{resource group}-flowlog` at the network watcher of the region. Source: facts 2.1. */
function nameFlowLog(targetId: string, region = 'local'): Pick<FlowLogSettings, 'id' | 'guid' | 'targetId'> {
  const parts = targetId.split('/');
  const name = `${resourceName(targetId)}-${parts[4] ?? 'NSGFLOW'}-flowlog`;
  const subscription = parts[2] ?? '00000000-0000-0000-0000-000000000000';
  const path = providerPath('Microsoft.Network/networkWatchers/flowLogs', [`NetworkWatcher_${region}`, name]);
  const id = `/subscriptions/${subscription}/resourceGroups/NetworkWatcherRG${path}`;
  return { id, guid: guidOf(id), targetId };
}
