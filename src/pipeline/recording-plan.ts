import { resourceKey } from '../arm-template/resource-id.ts';
import type { RuleGroup } from '../flowlog/encode.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { Decision } from '../nsg/evaluate.ts';
import type { Nic, Nsg } from '../nsg/network.ts';
import { nsgResourceGuid } from '../nsg/network.ts';
import { isAdminRule } from '../nsg/rule.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';

/** One flow log: where its records go, and where they say that they come from. */
export interface FlowLogTarget {
  readonly format: FlowLogFormat;
  /** ARM id of the NSG, or of the flow log of a VNet. */
  readonly resourceId: string;
  readonly systemId: string;
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
  /** Key of the account. */
  readonly storage: string;
}

/**
 * What is logged where, as plain data. A decision's rank orders the events of a NIC so that one sort serves all flow logs: by NSG, then by rule
 * as Azure tries them.
 */
export interface RecordingPlan {
  readonly nics: readonly Nic[];
  /** By decision: rule and ACL as logs name them. */
  readonly groups: readonly RuleGroup[];
  /** By decision: place in the order of events. */
  readonly ranks: Uint32Array;
  /** By decision: which NSG decided, an index of its own; -1 where none did. */
  readonly nsgOf: Int32Array;
  readonly targets: readonly FlowLogTarget[];
  /** By NSG as in `nsgOf`: its logs, of different formats; indexes into `targets`. */
  readonly nsgTargets: readonly (readonly number[])[];
  /** By NIC: the VNet log that holds its flows, an index into `targets`; -1 where none does. */
  readonly vnetTarget: Int32Array;
}

/** The rule and ACL of VNet logs where no rule decides. Source: facts 1.6. */
const platformRule: RuleGroup = { rule: 'PlatformRule', aclId: '00000000-0000-0000-0000-000000000000' };

/** `decisions` are those of the compiled network, with the older ones under which flows may still be open. */
export function planRecording(
  { network, flowLogs }: RecordingConfiguration,
  decisions: readonly Decision[],
): RecordingPlan {
  const nsgs = indexNsgs(network.nsgs, decisions);
  const nsgOf = Int32Array.from(decisions, ({ nsg }) =>
    nsg === undefined ? -1 : nsgs.get(resourceKey(nsg.id))!.index,
  );
  const order = [...decisions.keys()].sort((a, b) => nsgOf[a] - nsgOf[b] || a - b);
  const ranks = new Uint32Array(decisions.length);
  order.forEach((decision, rank) => (ranks[decision] = rank));
  const targets: FlowLogTarget[] = [];
  const nsgTargets: number[][] = Array.from(nsgs, () => []);
  const scopes = new Map<string, number>();
  for (const log of flowLogs) {
    const key = resourceKey(log.targetId);
    if (log.format === 'vnet') {
      if (!scopes.has(key)) scopes.set(key, targets.push(vnetTarget(log)) - 1);
      continue;
    }
    const found = nsgs.get(key);
    if (found === undefined || nsgTargets[found.index].some((at) => targets[at].format === log.format)) continue;
    nsgTargets[found.index].push(targets.push(nsgTarget(log, found.nsg)) - 1);
  }
  return {
    nics: network.nics,
    groups: decisions.map(groupOf),
    ranks,
    nsgOf,
    targets,
    nsgTargets,
    vnetTarget: Int32Array.from(network.nics, (nic) => narrowestScope(nic, scopes)),
  };
}

function groupOf({ nsg, rule }: Decision): RuleGroup {
  if (rule === undefined) return platformRule;
  return { rule: rule.logName, aclId: isAdminRule(rule) ? rule.aclId : (nsg?.id ?? platformRule.aclId) };
}

interface IndexedNsg {
  readonly nsg: Nsg;
  readonly index: number;
}

/** The network's NSGs, then those that decided earlier and are no more; by resource key. */
function indexNsgs(nsgs: readonly Nsg[], decisions: readonly Decision[]): Map<string, IndexedNsg> {
  const indexed = new Map<string, IndexedNsg>();
  for (const nsg of [...nsgs, ...decisions.flatMap((decision) => decision.nsg ?? [])]) {
    const key = resourceKey(nsg.id);
    if (!indexed.has(key)) indexed.set(key, { nsg, index: indexed.size });
  }
  return indexed;
}

/** A flow log of the NIC wins over one of its subnet, and that over one of the VNet. Source: facts 3.3. */
function narrowestScope(nic: Nic, scopes: ReadonlyMap<string, number>): number {
  for (const id of [nic.id, nic.subnet?.id, nic.subnet?.virtualNetwork.id]) {
    const target = id === undefined ? undefined : scopes.get(resourceKey(id));
    if (target !== undefined) return target;
  }
  return -1;
}

function nsgTarget(log: FlowLogSettings, nsg: Nsg): FlowLogTarget {
  const { format, storage } = log;
  return { format, resourceId: nsg.id, systemId: nsgResourceGuid(nsg), flowLogGuid: '', targetResourceId: '', storage };
}

function vnetTarget(log: FlowLogSettings): FlowLogTarget {
  const { format, storage, id, guid, targetId } = log;
  return { format, resourceId: id, systemId: '', flowLogGuid: guid, targetResourceId: targetId, storage };
}
