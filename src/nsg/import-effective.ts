/**
 * Effective rules of one NIC: output of `az network nic list-effective-nsg` and the API's `effectiveNetworkSecurityGroups`.
 *
 *   {"value": [{"networkSecurityGroup": {"id": …}, "association": {"networkInterface": {"id": …}, "subnet": {"id": …}},
 *               "effectiveSecurityRules": [{"name": "securityRules/web", "sourceAddressPrefix": "0.0.0.0/0",
 *                                           "expandedSourceAddressPrefix": ["10.0.0.0/16", …], …}]}]}
 *
 * They become resources as in network files: each NSG with its user rules, the NIC, its subnet and VNet. The prefixes of
 * tags at the NIC come from the expanded prefixes. Source: the API's example NetworkInterfaceEffectiveNSGList.
 */
import { parentId, resourceIdOf, resourceName } from '../arm-template/resource-id.ts';
import type { Scope } from '../arm-template/scope.ts';
import type { Value, ValueObject } from '../arm-template/value.ts';
import { getProperty, isArray, isObject } from '../arm-template/value.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readObject, readObjects, readReference, readText, readTexts } from './fields.ts';
import type { RawResource, ResourceKind } from './raw-resource.ts';
import type { ServiceTag } from './service-tag.ts';
import { knownTag, looksLikeTag, virtualNetworkTag } from './service-tag.ts';

export interface EffectiveRules {
  readonly resources: readonly RawResource[];
  /** Prefixes of tags other than Azure's three built-in tags, by name in lower case. */
  readonly serviceTags: ReadonlyMap<string, ServiceTag>;
}

/**
 * `undefined` if a file has no effective rules.
 * @param warnings receives what is skipped
 * @throws network-invalid
 */
export function readEffectiveRules(
  json: Value,
  file: string,
  scope: Scope,
  warnings: string[],
): EffectiveRules | undefined {
  const entries = entriesOf(json);
  if (entries.length === 0) return undefined;
  const places = entries.map((entry) => readObject(entry, 'association', file) ?? {});
  const idOf = (field: string): string => places.map((place) => readReference(place, field, file)).find(Boolean) ?? '';
  const nicId = idOf('networkInterface') || resourceIdOf(scope, 'Microsoft.Network/networkInterfaces', ['effective']);
  const subnetId =
    idOf('subnet') || resourceIdOf(scope, 'Microsoft.Network/virtualNetworks/subnets', ['effective', 'effective']);
  const tags = new Map<string, Set<string>>();
  const nsgs = entries.flatMap((entry, i) => readGroup(entry, places[i], `${file}: [${i}]`, tags, warnings));
  // The host's own address is part of the tag everywhere.
  const space = [...(tags.get(virtualNetworkTag.toLowerCase()) ?? [])].filter((text) => text !== '168.63.129.16/32');
  const resource = (kind: ResourceKind, id: string, properties: object): RawResource => ({
    kind,
    id,
    name: resourceName(id),
    // JSON values, created here.
    body: { id, name: resourceName(id), properties } as unknown as ValueObject,
    where: file,
    isEffective: true,
  });
  const subnet = { id: subnetId, name: resourceName(subnetId), properties: { addressPrefixes: space } };
  return {
    resources: [
      ...nsgs,
      ...(space.length === 0
        ? []
        : [
            resource('virtual-network', parentId(subnetId), {
              addressSpace: { addressPrefixes: space },
              subnets: [subnet],
            }),
          ]),
      resource('nic', nicId, { ipConfigurations: [{ name: 'effective', properties: { subnet: { id: subnetId } } }] }),
    ],
    serviceTags: serviceTagsOf(tags),
  };
}

/** Objects with effective rules, at any depth. */
function entriesOf(json: Value): ValueObject[] {
  if (isArray(json)) return json.flatMap(entriesOf);
  if (!isObject(json)) return [];
  if (isArray(getProperty(json, 'effectiveSecurityRules'))) return [json];
  return ['value', 'networkSecurityGroups'].flatMap((key) => entriesOf(getProperty(json, key) ?? null));
}

function readGroup(
  entry: ValueObject,
  place: ValueObject,
  where: string,
  tags: Map<string, Set<string>>,
  warnings: string[],
): RawResource[] {
  const id = readReference(entry, 'networkSecurityGroup', where);
  const rules = readObjects(entry, 'effectiveSecurityRules', where);
  for (const rule of rules) noteTags(rule, where, tags);
  if (id === '') {
    warnings.push(
      `${where}: effective rules that name no NSG are left out; give the admin rules of the Network Manager`,
    );
    return [];
  }
  const user = rules.filter((rule) => !isDefault(rule, where)).map((rule) => userRule(rule, where));
  const list = (field: string): object[] => {
    const at = readReference(place, field, where);
    return at === '' ? [] : [{ id: at }];
  };
  const properties = { securityRules: user, networkInterfaces: list('networkInterface'), subnets: list('subnet') };
  const body = { id, name: resourceName(id), properties } as unknown as ValueObject;
  return [{ kind: 'nsg', id, name: resourceName(id), body, where, isEffective: true }];
}

/** `defaultSecurityRules/AllowVnetInBound`, or a rule that replaces a default rule. */
function isDefault(rule: ValueObject, where: string): boolean {
  return /^default/i.test(readText(rule, 'name', where)) || Number(readText(rule, 'priority', where)) >= 65_000;
}

function userRule(rule: ValueObject, where: string): object {
  const name = readText(rule, 'name', where).replace(/^(?:securityRules\/|UserRule_)/i, '');
  const side = (word: 'source' | 'destination'): object => {
    const Word = word === 'source' ? 'Source' : 'Destination';
    const addresses = both(rule, `${word}AddressPrefix`, `${word}AddressPrefixes`, where).map(anyOf);
    const texts = addresses.length > 0 ? addresses : readTexts(rule, `expanded${Word}AddressPrefix`, where);
    const ports = both(rule, `${word}PortRange`, `${word}PortRanges`, where);
    return {
      ...(texts.length === 1 ? { [`${word}AddressPrefix`]: texts[0] } : { [`${word}AddressPrefixes`]: texts }),
      ...(ports.length === 1 ? { [`${word}PortRange`]: ports[0] } : { [`${word}PortRanges`]: ports }),
    };
  };
  const [protocol, access, priority, direction] = ['protocol', 'access', 'priority', 'direction'].map((field) =>
    readText(rule, field, where),
  );
  return { name, properties: { protocol, access, priority, direction, ...side('source'), ...side('destination') } };
}

/** Azure writes `0.0.0.0/0` for `*` in effective rules. */
function anyOf(text: string): string {
  return text === '0.0.0.0/0' ? '*' : text;
}

/** The plural field has all values; the singular field has only the first. */
function both(rule: ValueObject, one: string, many: string, where: string): string[] {
  const several = readTexts(rule, many, where);
  return [...new Set(several.length > 0 ? several : readTexts(rule, one, where))];
}

function noteTags(rule: ValueObject, where: string, tags: Map<string, Set<string>>): void {
  for (const word of ['source', 'destination'] as const) {
    const texts = both(rule, `${word}AddressPrefix`, `${word}AddressPrefixes`, where);
    const [tag] = texts;
    // For several texts it is unknown which text each prefix belongs to.
    if (texts.length !== 1 || parsePrefix(tag) !== undefined || !looksLikeTag(tag)) continue;
    const key = (knownTag(tag, new Map()) ?? tag).toLowerCase();
    const expanded = readTexts(rule, `expanded${word === 'source' ? 'Source' : 'Destination'}AddressPrefix`, where);
    tags.set(key, new Set([...(tags.get(key) ?? []), ...expanded]));
  }
}

function serviceTagsOf(tags: ReadonlyMap<string, ReadonlySet<string>>): Map<string, ServiceTag> {
  const found = new Map<string, ServiceTag>();
  for (const [name, texts] of tags) {
    const prefixes = [...texts].flatMap((text) => parsePrefix(text) ?? []);
    if (knownTag(name, new Map()) === undefined && prefixes.length > 0) found.set(name, { name, prefixes });
  }
  return found;
}
