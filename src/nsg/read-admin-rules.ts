/**
 * Security admin rules of Virtual Network Managers: configurations have collections of rules, a collection applies to
 * network groups, and a group has member VNets. The rules of all configurations of a VNet are tried in order of
 * priority. Source: facts 4.3; types
 * Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules, api-version 2024-05-01.
 */
import { parentId, resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readField, readObjects, readProperties, readText, readTexts } from './fields.ts';
import { guidOf } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import { readRelated } from './read-related.ts';
import { readWord, ruleProtocols } from './read-rule.ts';
import type { AddressMatch, AdminAction, AdminRule, Direction, PortRange, RuleProtocol, RuleSide } from './rule.ts';
import { anyPort, parsePortRange, sortRules } from './rule.ts';
import type { ServiceTags } from './service-tag.ts';
import { knownTag, looksLikeTag } from './service-tag.ts';

interface AdminSources {
  readonly configurations: readonly RawResource[];
  readonly collections: readonly RawResource[];
  readonly rules: readonly RawResource[];
  /** VNets that are static members of network groups. */
  readonly members: readonly RawResource[];
  /** Address space of the VNets in the files, by resource key. */
  readonly addressSpaces: ReadonlyMap<string, readonly Prefix[]>;
  readonly serviceTags: ServiceTags;
  /** Called with each unknown tag and its rule. */
  readonly unresolvedTag: (tag: string, rule: string) => void;
  readonly warnings: string[];
}

/** By resource key of the VNet, in order of evaluation. */
export function readAdminRules(sources: AdminSources): Map<string, AdminRule[]> {
  const { warnings } = sources;
  const guids = new Map(
    readRelated(sources.configurations, warnings, (configuration, fields) => [
      resourceKey(configuration.id),
      readText(fields, 'resourceGuid', configuration.where),
    ]),
  );
  const members = readMembers(sources);
  const rulesOf = new Map<string, AdminRule[]>();
  for (const resource of sources.rules) {
    const collection = resourceKey(parentId(resource.id));
    const configuration = parentId(parentId(resource.id));
    const guid = guids.get(resourceKey(configuration));
    const about = {
      configuration: resourceName(configuration),
      aclId: guid === undefined || guid === '' ? guidOf(configuration) : guid,
    };
    for (const rule of readRelated([resource], warnings, (_, fields) =>
      readAdminRule(sources, members, resource, fields, about),
    ))
      if (rule !== undefined) rulesOf.set(collection, [...(rulesOf.get(collection) ?? []), rule]);
  }
  const byNetwork = new Map<string, AdminRule[]>();
  readRelated(sources.collections, warnings, (collection, fields) => {
    const rules = rulesOf.get(resourceKey(collection.id)) ?? [];
    rulesOf.delete(resourceKey(collection.id));
    for (const group of readObjects(fields, 'appliesToGroups', collection.where)) {
      const id = readText(group, 'networkGroupId', collection.where);
      const virtualNetworks = members.get(resourceKey(id));
      if (virtualNetworks === undefined)
        warnings.push(
          `${collection.where}: the members of network group ${resourceName(id)} are in no file, so ${resourceName(collection.id)} decides nothing there; give its static members`,
        );
      for (const key of virtualNetworks ?? []) byNetwork.set(key, [...(byNetwork.get(key) ?? []), ...rules]);
    }
  });
  for (const id of rulesOf.keys())
    warnings.push(`the rule collection ${resourceName(id)} is in no file, so its rules decide nothing`);
  return new Map([...byNetwork].map(([key, rules]) => [key, sortRules([...new Set(rules)])]));
}

/** Keys of the VNets in each network group, by the group's key. */
function readMembers(sources: AdminSources): Map<string, string[]> {
  const members = new Map<string, string[]>();
  readRelated(sources.members, sources.warnings, (member, fields) => {
    const group = resourceKey(parentId(member.id));
    const virtualNetwork = resourceKey(readText(fields, 'resourceId', member.where));
    members.set(group, [...(members.get(group) ?? []), virtualNetwork]);
  });
  return members;
}

const actions: Readonly<Record<string, AdminAction>> = { allow: 'allow', alwaysallow: 'always-allow', deny: 'deny' };

/** `undefined` if the rule has a fault, which is then a warning. */
function readAdminRule(
  sources: AdminSources,
  members: ReadonlyMap<string, readonly string[]>,
  resource: RawResource,
  fields: ValueObject,
  about: { configuration: string; aclId: string },
): AdminRule | undefined {
  const { where, name } = resource;
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(what);
  const action = readWord<AdminAction>(fields, 'access', actions, where, fault);
  const direction = readWord<Direction>(
    fields,
    'direction',
    { inbound: 'inbound', outbound: 'outbound' },
    where,
    fault,
  );
  const protocol = readWord<RuleProtocol>(fields, 'protocol', ruleProtocols, where, fault);
  const priority = Number(readText(fields, 'priority', where));
  if (!(Number.isInteger(priority) && priority >= 1 && priority <= 4096)) fault('its priority is outside 1 to 4096');
  const side = (word: 'source' | 'destination'): RuleSide => ({
    addresses: readAddresses(sources, members, readObjects(fields, `${word}s`, where), { where, name, fault }),
    ports: readPorts(readTexts(fields, `${word}PortRanges`, where), fault),
  });
  const source = side('source');
  const destination = side('destination');
  if (faults.length > 0 || action === undefined || direction === undefined || protocol === undefined) {
    sources.warnings.push(`${where}: admin rule ${name} is left out: ${faults.join('; ')}`);
    return undefined;
  }
  return {
    name,
    logName: name,
    kind: 'admin',
    description: readText(fields, 'description', where),
    priority,
    direction,
    access: action === 'deny' ? 'deny' : 'allow',
    action,
    protocol,
    source,
    destination,
    ...about,
  };
}

/** An empty list means any address. */
function readAddresses(
  sources: AdminSources,
  members: ReadonlyMap<string, readonly string[]>,
  items: readonly ValueObject[],
  { where, name, fault }: { where: string; name: string; fault: (what: string) => void },
): AddressMatch[] {
  if (items.length === 0) return [{ kind: 'any' }];
  return items.flatMap((item): AddressMatch[] => {
    const fields = readProperties(item, where);
    const text = readText(fields, 'addressPrefix', where);
    if (text === '*' || text.toLowerCase() === 'any') return [{ kind: 'any' }];
    const prefix = parsePrefix(text);
    if (prefix !== undefined) return [{ kind: 'prefix', prefix }];
    if (readText(fields, 'addressPrefixType', where).toLowerCase() === 'networkgroup') {
      const group =
        readField(fields, 'networkGroupId') === undefined ? text : readText(fields, 'networkGroupId', where);
      const spaces = (members.get(resourceKey(group)) ?? []).flatMap((key) => sources.addressSpaces.get(key) ?? []);
      if (spaces.length === 0) fault(`the members of network group ${resourceName(group)} are in no file`);
      return spaces.map((space) => ({ kind: 'prefix', prefix: space }));
    }
    const tag = knownTag(text, sources.serviceTags);
    if (tag === undefined && !looksLikeTag(text)) {
      fault(`'${text}' is neither an address prefix nor a service tag`);
      return [];
    }
    if (tag === undefined) sources.unresolvedTag(text, `${where}: admin rule ${name}`);
    return [{ kind: 'tag', tag: tag ?? text }];
  });
}

function readPorts(texts: readonly string[], fault: (what: string) => void): readonly PortRange[] {
  if (texts.length === 0) return anyPort;
  return texts.flatMap((text) => {
    const range = parsePortRange(text);
    if (range === undefined) fault(`'${text}' is not a port or port range`);
    return range ?? [];
  });
}
