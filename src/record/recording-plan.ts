import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { RuleGroup } from '../flowlog/encode.ts';
import type { FilteringCriteria } from '../flowlog/filtering-criteria.ts';
import { parseFilteringCriteria, parseRecordTypes } from '../flowlog/filtering-criteria.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import { encryptionNames } from '../flowlog/tuple.ts';
import type { Decision } from '../nsg/evaluate.ts';
import type { Network, Nic, Nsg } from '../nsg/network.ts';
import { nsgResourceGuid } from '../nsg/network.ts';
import type { NicTable } from '../nsg/nic-table.ts';
import { buildNicTable } from '../nsg/nic-table.ts';
import { isAdminRule } from '../nsg/rule.ts';
import type { Quirks } from './quirks.ts';
import { defaultQuirks } from './quirks.ts';
import type { FlowLogSettings, RecordingConfiguration, Span } from './recording-settings.ts';

/** One flow log: the destination of its records, their source, and the flows that it logs. */
export interface FlowLogTarget {
  readonly format: FlowLogFormat;
  /** ARM id of the NSG, or of the VNet flow log. */
  readonly resourceId: string;
  readonly systemId: string;
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
  /** Key of the account. */
  readonly storage: string;
  readonly sender: string | undefined;
  /** `undefined` accepts all flows. */
  readonly criteria: FilteringCriteria | undefined;
  /** Bits by flow state; `undefined` accepts all. */
  readonly recordTypes: number | undefined;
  /** See FlowLogSettings. */
  readonly spans: readonly Span[] | undefined;
}

/**
 * What is logged to which flow log, as plain data. The rank of a decision sorts the events of a NIC for all flow logs
 * together: by NSG, then by rule in Azure's order.
 */
export interface RecordingPlan {
  readonly nics: readonly Nic[];
  /** By decision: rule and ACL as in logs. */
  readonly groups: readonly RuleGroup[];
  /** By decision: rank in the order of events. */
  readonly ranks: Uint32Array;
  /** By decision: index of the NSG that decided; -1 for none. */
  readonly nsgOf: Int32Array;
  readonly targets: readonly FlowLogTarget[];
  /** Formats of the targets, and formats that are counted without a target. */
  readonly formats: readonly FlowLogFormat[];
  /**
   * By NSG as in `nsgOf`: its flow logs, as indexes into `targets`. A tuple goes to the first of each format that is
   * enabled at its time.
   */
  readonly nsgTargets: readonly (readonly number[])[];
  /**
   * By NIC: the VNet flow logs of its flows, narrowest target first, as indexes into `targets`. A tuple goes to the
   * first that is enabled at its time.
   */
  readonly vnetTargets: readonly (readonly number[])[];
  readonly quirks: Quirks;
  /** By decision: 1 for a user-defined inbound rule that allows; and by NIC: 1 if its VNet has no flow timeout. */
  readonly isStatelessRule: Uint8Array;
  readonly isStatelessNic: Uint8Array;
  readonly encryption: EncryptionPlan;
}

/** Encryption states in VNet logs. */
export interface EncryptionPlan {
  /** Index into `encryptionNames` for all flows; 0 if it depends on the NICs. */
  readonly everywhere: number;
  /** By NIC: 1 in an encrypted VNet. */
  readonly isEncrypted: Uint8Array;
  /** From a flow's far end to its NIC; `undefined` if no VNet is encrypted. */
  readonly nicTable: NicTable | undefined;
}

/** Rule and ACL in VNet logs if no rule decides. Source: facts 1.6. */
const platformRule: RuleGroup = { rule: 'PlatformRule', aclId: '00000000-0000-0000-0000-000000000000' };

/**
 * Plans a recording.
 * @param decisions of the compiled network, including older ones that open flows may have
 * @param formats that are counted even without a flow log
 * @throws filter-syntax if the criteria or record types of a flow log are invalid
 */
export function planRecording(
  { network, flowLogs }: RecordingConfiguration,
  decisions: readonly Decision[],
  quirks: Quirks = defaultQuirks,
  formats: readonly FlowLogFormat[] = [],
): RecordingPlan {
  const nsgs = indexNsgs(network.nsgs, decisions);
  const nsgOf = Int32Array.from(decisions, ({ nsg }) =>
    nsg === undefined ? -1 : nsgs.get(resourceKey(nsg.id))!.index,
  );
  const order = [...decisions.keys()].sort((a, b) => nsgOf[a] - nsgOf[b] || a - b);
  const ranks = new Uint32Array(decisions.length);
  order.forEach((decision, rank) => (ranks[decision] = rank));
  const cut = quirks.nameTruncation === 'on';
  const targets: FlowLogTarget[] = [];
  const nsgTargets: number[][] = Array.from(nsgs, () => []);
  const scopes = new Map<string, number[]>();
  for (const log of flowLogs) {
    const key = resourceKey(log.targetId);
    const found = nsgs.get(key);
    const before = log.format === 'vnet' ? (scopes.get(key) ?? []) : found && nsgTargets[found.index];
    if (before === undefined || before.some((at) => isAlwaysOn(targets[at]) && targets[at].format === log.format))
      continue;
    if (log.format === 'vnet') scopes.set(key, before);
    before.push(targets.push(log.format === 'vnet' ? vnetTarget(log) : nsgTarget(log, found!.nsg, cut)) - 1);
  }
  return {
    nics: network.nics,
    groups: decisions.map((decision) => groupOf(decision, cut)),
    ranks,
    nsgOf,
    targets,
    formats: [...new Set([...formats, ...flowLogs.map(({ format }) => format)])],
    nsgTargets,
    vnetTargets: network.nics.map((nic) => scopesOf(nic, scopes, targets)),
    quirks,
    isStatelessRule: Uint8Array.from(decisions, ({ access, rule }) =>
      rule?.kind === 'user' && rule.direction === 'inbound' && access === 'allow' ? 1 : 0,
    ),
    isStatelessNic: Uint8Array.from(network.nics, (nic) =>
      nic.subnet?.virtualNetwork.flowTimeoutMinutes === undefined ? 1 : 0,
    ),
    encryption: planEncryption(network, quirks),
  };
}

function planEncryption(network: Network, quirks: Quirks): EncryptionPlan {
  const isEncrypted = Uint8Array.from(network.nics, (nic) =>
    nic.subnet?.virtualNetwork.encryption === undefined ? 0 : 1,
  );
  return {
    everywhere: Math.max(
      0,
      encryptionNames.findIndex((name) => name === quirks.encryption),
    ),
    isEncrypted,
    nicTable: isEncrypted.includes(1) ? buildNicTable(network) : undefined,
  };
}

/** Characters of names in logs. Source: facts 1.3. */
const nsgNameCharsMax = 80;
const ruleNameCharsMax = 65;

function groupOf({ nsg, rule }: Decision, cut: boolean): RuleGroup {
  if (rule === undefined) return platformRule;
  const prefix = rule.logName.length - rule.name.length;
  return {
    rule: cut ? rule.logName.slice(0, prefix + ruleNameCharsMax) : rule.logName,
    aclId: isAdminRule(rule) ? rule.aclId : nsg === undefined ? platformRule.aclId : nsgIdInLogs(nsg, cut),
  };
}

function nsgIdInLogs({ id }: Nsg, cut: boolean): string {
  const name = resourceName(id);
  return cut && name.length > nsgNameCharsMax
    ? `${id.slice(0, id.length - name.length)}${name.slice(0, nsgNameCharsMax)}`
    : id;
}

interface IndexedNsg {
  readonly nsg: Nsg;
  readonly index: number;
}

/** The network's NSGs, then removed NSGs that decided earlier; by resource key. */
function indexNsgs(nsgs: readonly Nsg[], decisions: readonly Decision[]): Map<string, IndexedNsg> {
  const indexed = new Map<string, IndexedNsg>();
  for (const nsg of [...nsgs, ...decisions.flatMap((decision) => decision.nsg ?? [])]) {
    const key = resourceKey(nsg.id);
    if (!indexed.has(key)) indexed.set(key, { nsg, index: indexed.size });
  }
  return indexed;
}

/** A flow log of the NIC has priority over one of its subnet, and that over one of the VNet. Source: facts 3.3. */
function scopesOf(
  nic: Nic,
  scopes: ReadonlyMap<string, readonly number[]>,
  targets: readonly FlowLogTarget[],
): readonly number[] {
  const found = [nic.id, nic.subnet?.id, nic.subnet?.virtualNetwork.id].flatMap((id) =>
    id === undefined ? [] : (scopes.get(resourceKey(id)) ?? []),
  );
  const first = found.findIndex((at) => isAlwaysOn(targets[at]));
  return first < 0 ? found : found.slice(0, first + 1);
}

function isAlwaysOn({ spans }: FlowLogTarget): boolean {
  return spans === undefined;
}

/** Only VNet logs have filters. Source: facts 3.5. */
function nsgTarget({ format, storage, sender, spans }: FlowLogSettings, nsg: Nsg, cut: boolean): FlowLogTarget {
  return {
    format,
    resourceId: nsgIdInLogs(nsg, cut),
    systemId: nsgResourceGuid(nsg),
    flowLogGuid: '',
    targetResourceId: '',
    storage,
    sender,
    criteria: undefined,
    recordTypes: undefined,
    spans,
  };
}

function vnetTarget(log: FlowLogSettings): FlowLogTarget {
  const { format, storage, sender, id, guid, targetId, spans } = log;
  return {
    format,
    resourceId: id,
    systemId: '',
    flowLogGuid: guid,
    targetResourceId: targetId,
    storage,
    sender,
    criteria: parseFilteringCriteria(log.enabledFilteringCriteria ?? ''),
    recordTypes: parseRecordTypes(log.recordTypes ?? ''),
    spans,
  };
}
