import { providerPath } from '../arm-template/resource-id.ts';
import { resourceName } from '../arm-template/resource-id.ts';
import type { RuleGroup } from '../flowlog/encode.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import type { Network, Nic } from '../nsg/network.ts';
import { guidOf, nsgResourceGuid } from '../nsg/network.ts';

/** One flow log: where its records say that they come from. */
export interface FlowLogTarget {
  readonly format: FlowLogFormat;
  /** ARM id of the NSG, or of the flow log of a VNet. */
  readonly resourceId: string;
  readonly systemId: string;
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
}

/**
 * What is logged where. A decision's rank orders the events of a NIC so that one sort serves all formats: by NSG, then by rule as Azure
 * tries them.
 */
export interface RecordingPlan {
  readonly formats: readonly FlowLogFormat[];
  readonly nics: readonly Nic[];
  /** By decision: rule and ACL as logs name them. */
  readonly groups: readonly RuleGroup[];
  /** By decision: place in the order of events. */
  readonly ranks: Uint32Array;
  /** By decision: index of its NSG in the network, -1 where none decided. */
  readonly nsgOf: Int32Array;
  /** The NSG's log; by NSG index. Present where an NSG format is recorded. */
  readonly nsgTargets: ReadonlyMap<FlowLogFormat, readonly FlowLogTarget[]>;
  /** The VNet's log that sees a NIC; by NIC index. */
  readonly vnetTargets: readonly FlowLogTarget[];
}

/** The rule and ACL of VNet logs where no NSG applies. Source: facts 1.6. */
const platformRule: RuleGroup = { rule: 'PlatformRule', aclId: '00000000-0000-0000-0000-000000000000' };

export function planRecording(
  network: Network,
  compiled: CompiledNetwork,
  formats: readonly FlowLogFormat[],
): RecordingPlan {
  const { decisions } = compiled;
  const nsgOf = Int32Array.from(decisions, ({ nsg }) => (nsg === undefined ? -1 : network.nsgs.indexOf(nsg)));
  const order = [...decisions.keys()].sort((a, b) => nsgOf[a] - nsgOf[b] || a - b);
  const ranks = new Uint32Array(decisions.length);
  order.forEach((decision, rank) => (ranks[decision] = rank));
  const nsgTargets = new Map<FlowLogFormat, FlowLogTarget[]>();
  for (const format of formats) {
    if (format === 'vnet') continue;
    nsgTargets.set(
      format,
      network.nsgs.map((nsg) => ({
        format,
        resourceId: nsg.id,
        systemId: nsgResourceGuid(nsg),
        flowLogGuid: '',
        targetResourceId: '',
      })),
    );
  }
  return {
    formats,
    nics: network.nics,
    groups: decisions.map(({ nsg, rule }) =>
      nsg === undefined || rule === undefined ? platformRule : { rule: rule.logName, aclId: nsg.id },
    ),
    ranks,
    nsgOf,
    nsgTargets,
    vnetTargets: network.nics.map(vnetTarget),
  };
}

/** The flow log of a NIC's VNet, or of the NIC where its VNet is not known. Names: DESIGN section 5. */
function vnetTarget(nic: Nic): FlowLogTarget {
  const vnet = nic.subnet?.virtualNetwork;
  const target = vnet?.id ?? nic.id;
  const region = vnet?.location ?? 'local';
  const parts = target.split('/');
  const name = `${resourceName(target)}-${parts[4] ?? 'NSGFLOW'}-flowlog`;
  const subscription = parts[2] ?? '00000000-0000-0000-0000-000000000000';
  const path = providerPath('Microsoft.Network/networkWatchers/flowLogs', [`NetworkWatcher_${region}`, name]);
  const resourceId = `/subscriptions/${subscription}/resourceGroups/NetworkWatcherRG${path}`;
  return { format: 'vnet', resourceId, systemId: '', flowLogGuid: guidOf(resourceId), targetResourceId: target };
}
