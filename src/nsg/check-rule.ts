/**
 * Azure's checks of a security rule, and of the rules of one NSG together. Network files and the API both use them, so
 * that they report the same faults.
 *
 * Sources: facts 4.1 and 4.5; answers of Azure in public issues: service tags in plural fields
 * (hashicorp/terraform-provider-azurerm#5617, 2020; ansible-collections/azure#639, 2021), `*` in plural port fields
 * (2026, code only), two address families (hashicorp/terraform-provider-azurerm#12534, 2021; Azure/AKS#3136, 2022),
 * `any` (ernestio/ernest#473, 2017), host bits (kubernetes-sigs/cloud-provider-azure#5599, 2024), missing parameters
 * (Azure/migAz#103, 2018).
 */
import { resourceName } from '../arm-template/resource-id.ts';
import type { Family } from '../net/address.ts';
import { formatPrefix, hasHostBits, parsePrefix } from '../net/prefix.ts';
import { parsePortRange } from './rule.ts';
import { looksLikeTag } from './service-tag.ts';

/** Azure's codes; `ChildResourceLimit` is nsgflow's own. */
export type RuleFaultCode =
  | 'ChildResourceLimit'
  | 'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies'
  | 'SecurityRuleConflict'
  | 'SecurityRuleInvalidAddressPrefix'
  | 'SecurityRuleInvalidPortRange'
  | 'SecurityRuleInvalidPriority'
  | 'SecurityRuleParameterContainsInvalidPortRanges'
  | 'SecurityRuleParameterContainsUnsupportedValue'
  | 'SecurityRuleParametersMissing';

/** One fault of a rule. */
export interface RuleFault {
  readonly code: RuleFaultCode;
  /** The fault, with the rule as `it`: "its source port '90-80' is neither …". */
  readonly sentence: string;
  /**
   * How far the rule can still be used. `nothing`: it cannot be read. `something`: it can be read, but Azure never
   * accepts it. `old`: Azure refuses it today but accepted it earlier, so exports can contain it.
   */
  readonly means: 'nothing' | 'something' | 'old';
}

/** A rule as written by a user, with texts trimmed. */
export interface RuleTexts {
  readonly name: string;
  readonly priority: number;
  readonly direction: string;
  readonly source: SideTexts;
  readonly destination: SideTexts;
}

/** One side of a rule: the singular fields, the plural fields, and ids of application security groups. */
export interface SideTexts {
  readonly prefix: readonly string[];
  readonly prefixes: readonly string[];
  readonly port: readonly string[];
  readonly ports: readonly string[];
  readonly groups: readonly string[];
}

export const priorityMin = 100;
const priorityMax = 4096;
const groupsPerSideMax = 10;
const groupsPerNsgMax = 100;
const addressesPerSideMax = 4000;
const shownMax = 60;

type Side = 'source' | 'destination';
const sides: readonly Side[] = ['source', 'destination'];

/** All faults of one rule by itself. Does not check whether its groups and tags exist. */
export function checkRule(rule: RuleTexts): RuleFault[] {
  const faults: RuleFault[] = [];
  const { priority } = rule;
  if (priority < priorityMin || priority > priorityMax)
    faults.push({
      code: 'SecurityRuleInvalidPriority',
      sentence: `priority ${priority} lies outside ${priorityMin} to ${priorityMax}`,
      means: 'nothing',
    });
  for (const side of sides) faults.push(...checkAddresses(rule[side], side), ...checkPorts(rule[side], side));
  const families = checkFamilies(rule);
  return families === undefined ? faults : [...faults, families];
}

function checkAddresses({ prefix, prefixes, groups }: SideTexts, side: Side): RuleFault[] {
  const faults: RuleFault[] = [];
  const [one, many] = [`${side}AddressPrefix`, `${side}AddressPrefixes`];
  const texts = [...prefix, ...prefixes];
  if (texts.length === 0 && groups.length === 0) faults.push(missing(`it has no ${side}: ${one} is missing`));
  if (prefix.length > 0 && prefixes.length > 0) faults.push(unsupported(`it has both ${one} and ${many}`));
  if (texts.length > 0 && groups.length > 0)
    faults.push(
      unsupported(
        `its ${side} has both application security groups (${groups.map(resourceName).join(', ')}) and ${texts.join(', ')}`,
      ),
    );
  if (groups.length > groupsPerSideMax)
    faults.push(tooMany(`its ${side} has ${groups.length} application security groups, more than ${groupsPerSideMax}`));
  // PowerShell writes lists to the singular field.
  const isList = prefixes.length > 0 || prefix.length > 1;
  for (const text of texts) {
    const found = parsePrefix(text);
    const shown = text.slice(0, shownMax);
    if (found !== undefined) {
      if (hasHostBits(text))
        faults.push(invalid(`its ${side} '${shown}' has host bits: write ${formatPrefix(found)}`, 'old'));
    } else if (text.toLowerCase() === 'any')
      faults.push(invalid(`its ${side} '${shown}' is not an address prefix: write *`, 'something'));
    else if (text !== '*' && !looksLikeTag(text))
      faults.push(invalid(`its ${side} '${shown}' is neither an address prefix nor a service tag`, 'nothing'));
    else if (isList)
      faults.push({
        ...unsupported(
          `its ${side} '${shown}' is in ${many}, which accepts only address prefixes: write it in ${one} of a separate rule`,
        ),
        means: 'something',
      });
  }
  return faults;
}

function checkPorts({ port, ports }: SideTexts, side: Side): RuleFault[] {
  const faults: RuleFault[] = [];
  const [one, many] = [`${side}PortRange`, `${side}PortRanges`];
  if (port.length + ports.length === 0) faults.push(missing(`it has no ${side} port: ${one} is missing`));
  if (port.length > 0 && ports.length > 0) faults.push(unsupported(`it has both ${one} and ${many}`));
  const isList = ports.length > 0 || port.length > 1;
  for (const text of [...port, ...ports])
    if (parsePortRange(text) === undefined)
      faults.push({
        code: 'SecurityRuleInvalidPortRange',
        sentence: `its ${side} port '${text.slice(0, shownMax)}' is neither *, a port from 0 to 65535, nor a range such as 8000-8080`,
        means: 'nothing',
      });
    else if (text === '*' && isList)
      faults.push({
        code: 'SecurityRuleParameterContainsInvalidPortRanges',
        sentence: `its ${side} port '*' is in ${many}, which accepts only ports and ranges: write it in ${one}`,
        means: 'something',
      });
  return faults;
}

/** The first prefix of each family, if a rule has both. */
function checkFamilies(rule: RuleTexts): RuleFault | undefined {
  const first = new Map<Family, string>();
  for (const side of sides)
    for (const text of [...rule[side].prefix, ...rule[side].prefixes]) {
      const family = parsePrefix(text)?.family;
      if (family !== undefined && !first.has(family)) first.set(family, text);
    }
  if (first.size < 2) return undefined;
  return {
    code: 'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies',
    sentence: `it has IPv4 and IPv6 prefixes (${first.get(4)}, ${first.get(6)}): write a rule for each family`,
    means: 'something',
  };
}

/** Faults of the rules of one NSG together, each with its rule; '' for all rules. */
export function checkRuleSet(rules: readonly RuleTexts[]): (RuleFault & { readonly rule: string })[] {
  const faults: (RuleFault & { rule: string })[] = [];
  const taken = new Map<string, string>();
  for (const { name, priority, direction } of rules) {
    const key = `${direction.toLowerCase()} ${priority}`;
    const other = taken.get(key);
    if (other !== undefined)
      faults.push({
        rule: name,
        code: 'SecurityRuleConflict',
        sentence: `its priority ${priority} ${direction.toLowerCase()} is that of rule ${other}`,
        means: 'nothing',
      });
    taken.set(key, name);
  }
  for (const side of sides) {
    const count = rules.reduce((sum, rule) => sum + rule[side].prefixes.length, 0);
    if (count > addressesPerSideMax)
      faults.push({
        rule: '',
        ...tooMany(`its rules have ${count} ${side}AddressPrefixes, more than ${addressesPerSideMax}`),
      });
  }
  const groups = new Set(
    rules.flatMap(({ source, destination }) => [...source.groups, ...destination.groups]).map((id) => id.toLowerCase()),
  );
  if (groups.size > groupsPerNsgMax)
    faults.push({
      rule: '',
      ...tooMany(`its rules have ${groups.size} application security groups, more than ${groupsPerNsgMax}`),
    });
  return faults;
}

function invalid(sentence: string, means: RuleFault['means']): RuleFault {
  return { code: 'SecurityRuleInvalidAddressPrefix', sentence, means };
}

function missing(sentence: string): RuleFault {
  return { code: 'SecurityRuleParametersMissing', sentence, means: 'nothing' };
}

function unsupported(sentence: string): RuleFault {
  return { code: 'SecurityRuleParameterContainsUnsupportedValue', sentence, means: 'nothing' };
}

function tooMany(sentence: string): RuleFault {
  return { code: 'ChildResourceLimit', sentence, means: 'something' };
}
