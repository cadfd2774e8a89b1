/**
 * What is recorded, and where: the plain settings of `record`, from the command line or from a service's control plane
 * resources.
 */
import { providerPath, resourceName } from '../arm-template/resource-id.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { Network, Nic } from '../nsg/network.ts';
import { guidOf } from '../nsg/network.ts';

/** A period; `Infinity` at an end without a limit. */
export interface Span {
  /** Included, epoch milliseconds. */
  readonly fromMillis: number;
  /** Excluded. */
  readonly untilMillis: number;
}

/**
 * One flow log, with settings that apply together. If two have the same target and format, the first one is used: Azure
 * allows one flow log per target.
 */
export interface FlowLogSettings {
  /** ARM id of the flow log. */
  readonly id: string;
  /** `flowLogGUID` of VNet logs. */
  readonly guid: string;
  /** ARM id of an NSG, or for `vnet` of a VNet, subnet or NIC; as in VNet logs. */
  readonly targetId: string;
  /** `nsg1` or `nsg2` for an NSG, `vnet` for the others. */
  readonly format: FlowLogFormat;
  /** The account of its blobs; passed to `accountOf`. */
  readonly storage: string;
  /** See Destination. */
  readonly sender?: string | undefined;
  /**
   * The flows that it logs, in Azure's filter language (flowlog/filtering-criteria.ts); `undefined` or '' for all. VNet
   * logs only.
   */
  readonly enabledFilteringCriteria?: string;
  /** The flow states that it logs, such as `B,E`; `undefined` or '' for all. VNet logs only. */
  readonly recordTypes?: string;
  /**
   * When it is enabled: it logs tuples whose time is in one of these periods. Sorted, without overlaps; `undefined` is
   * always.
   */
  readonly spans?: readonly Span[] | undefined;
}

/** A network and its flow logs, valid from some minute on. */
export interface RecordingConfiguration {
  readonly network: Network;
  readonly flowLogs: readonly FlowLogSettings[];
}

/**
 * The flow logs of a recording without its own: in the NSG formats one per NSG, in the VNet format one per VNet with a
 * NIC, and one per NIC of an unknown VNet.
 * @param filter of the VNet logs
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

/**
 * Names as in the portal: `{resource}-{resource group}-flowlog` at the network watcher of the region. Source: facts
 * 2.1.
 */
function nameFlowLog(targetId: string, region = 'local'): Pick<FlowLogSettings, 'id' | 'guid' | 'targetId'> {
  const parts = targetId.split('/');
  const name = `${resourceName(targetId)}-${parts[4] ?? 'NSGFLOW'}-flowlog`;
  const subscription = parts[2] ?? '00000000-0000-0000-0000-000000000000';
  const path = providerPath('Microsoft.Network/networkWatchers/flowLogs', [`NetworkWatcher_${region}`, name]);
  const id = `/subscriptions/${subscription}/resourceGroups/NetworkWatcherRG${path}`;
  return { id, guid: guidOf(id), targetId };
}
