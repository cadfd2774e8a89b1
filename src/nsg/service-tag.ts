/**
 * Service tags: names for sets of addresses. Three of them are built in and depend on the NIC:
 *
 *   VirtualNetwork     address space of the NIC's VNet and its peered VNets, prefixes that its gateways reach,
 *                      destinations of the subnet's user-defined routes, and 168.63.129.16
 *   AzureLoadBalancer  168.63.129.16, the source of health probes
 *   Internet           publicly reachable addresses outside VirtualNetwork, including Azure's own
 *
 * All others are lists of prefixes in a ServiceTags file. Source: facts 4.4.
 */
import type { Value } from '../arm-template/value.ts';
import { getProperty, isArray, isObject, scalarText } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { protocolTcp } from '../net/protocol.ts';
import type { Rule } from './rule.ts';

export interface ServiceTag {
  /** With the file's casing: `Storage.WestEurope`. */
  readonly name: string;
  readonly prefixes: readonly Prefix[];
}

/** By name in lower case. */
export type ServiceTags = ReadonlyMap<string, ServiceTag>;

export const virtualNetworkTag = 'VirtualNetwork';
export const loadBalancerTag = 'AzureLoadBalancer';
export const internetTag = 'Internet';

/** The address that a host uses to talk to its virtual machines: DHCP, DNS, health probes. */
export const hostPrefix: Prefix = prefixOf('168.63.129.16/32');

/**
 * IPv4 space that is not part of the Internet. Source: RFC 6890; Azure's own expansion of the tag also begins at
 * 1.0.0.0/8.
 */
export const unreachablePrefixes: readonly Prefix[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
].map(prefixOf);

/** IPv6 space of the Internet: global unicast. Source: RFC 4291 section 2.4. */
export const globalUnicastPrefix: Prefix = prefixOf('2000::/3');

/** Used as the address space of a VNet that is not in the files: private space of both families. */
export const privatePrefixes: readonly Prefix[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
].map(prefixOf);

/**
 * Whether a VM sends a request to a platform service: 168.63.129.16 (DNS, DHCP, VM health), 169.254.169.254 (instance
 * metadata), or Windows activation on TCP port 1688.
 * @param word last word of the destination
 * Source: facts 4.3; for Windows activation https://faultbucket.ca/2021/06/azure-kms-and-nsgs
 */
export function isPlatformRequest(family: number, protocol: number, word: number, port: number): boolean {
  if (family !== 4) return false;
  if (word === hostWord || word === metadataWord) return true;
  return port === activationPort && protocol === protocolTcp && activationWords.includes(word);
}

/** The same as destinations: without a port, every protocol and port. */
export function platformTargets(): readonly { prefixes: readonly Prefix[]; protocol?: number; port?: number }[] {
  return [
    { prefixes: [...hostServices, ...metadataServices] },
    { prefixes: activationServices, protocol: protocolTcp, port: activationPort },
  ];
}

/**
 * Whether a rule names platform services by one of their tags. Only these rules apply to requests to them. Source:
 * facts 4.3.
 */
export function namesPlatform(rule: Rule): boolean {
  return rule.destination.addresses.some(
    (match) => match.kind === 'tag' && platformTags.some(({ name }) => name === match.tag),
  );
}

const activationPort = 1688;
const hostServices = [prefixOf('168.63.129.16/32')];
const metadataServices = [prefixOf('169.254.169.254/32')];
const activationServices = ['20.118.99.224/32', '40.83.235.53/32', '23.102.135.246/32'].map(prefixOf);
const [hostWord, metadataWord] = [...hostServices, ...metadataServices].map(({ words }) => words[3]);
const activationWords = activationServices.map(({ words }) => words[3]);

/**
 * Tags of the platform services, which are not in ServiceTags files; the last one is Windows activation. Source: facts
 * 4.3.
 */
const platformTags: readonly ServiceTag[] = [
  { name: 'AzurePlatformDNS', prefixes: hostServices },
  { name: 'AzurePlatformIMDS', prefixes: metadataServices },
  { name: 'AzurePlatformLKM', prefixes: activationServices },
];

const ownTags: Readonly<Record<string, string>> = {
  virtualnetwork: virtualNetworkTag,
  virtual_network: virtualNetworkTag,
  azureloadbalancer: loadBalancerTag,
  azure_loadbalancer: loadBalancerTag,
  internet: internetTag,
};

/** The canonical spelling of a known tag: built in (also in its classic spelling) or listed; `undefined` if unknown. */
export function knownTag(text: string, serviceTags: ServiceTags): string | undefined {
  const lower = text.toLowerCase();
  return Object.hasOwn(ownTags, lower) ? ownTags[lower] : serviceTags.get(lower)?.name;
}

/** Whether a text can be a tag name: a word, or words joined by dots. */
export function looksLikeTag(text: string): boolean {
  return /^[A-Za-z]\w*(\.\w+)*$/.test(text);
}

/** The tags that are known without a file. */
export function platformServiceTags(): Map<string, ServiceTag> {
  return new Map(platformTags.map((tag) => [tag.name.toLowerCase(), tag]));
}

/**
 * Whether a file is a list of service tags: Microsoft's download, or output of the API or of `az network
 * list-service-tags`.
 */
export function isServiceTagList(json: Value): boolean {
  if (!isObject(json) || getProperty(json, 'changeNumber') === undefined) return false;
  const values = getProperty(json, 'values');
  return isArray(values) && values.every((tag) => isObject(tag) && getProperty(tag, 'name') !== undefined);
}

/**
 * Adds the tags of a file to `into`. A tag with an invalid prefix throws network-invalid at its first use.
 * @throws network-invalid
 */
export function readServiceTags(json: Value, file: string, into: Map<string, ServiceTag>): void {
  if (!isObject(json) || !isServiceTagList(json))
    throw new FlowError(
      'network-invalid',
      `${file}: no list of service tags: {"changeNumber": …, "values": […]} is wanted`,
    );
  const values = getProperty(json, 'values');
  for (const tag of isArray(values) ? values : []) {
    if (!isObject(tag)) continue;
    const name = scalarText(getProperty(tag, 'name'));
    const properties = getProperty(tag, 'properties');
    const listed = getProperty(isObject(properties) ? properties : tag, 'addressPrefixes');
    const texts = (isArray(listed) ? listed : []).map(scalarText);
    into.set(name.toLowerCase(), createServiceTag(name, texts, file));
  }
}

/** Prefixes are parsed at the first use: a file has about ninety thousand, and a network uses few of its tags. */
function createServiceTag(name: string, texts: readonly string[], file: string): ServiceTag {
  let read: readonly Prefix[] | undefined;
  return {
    name,
    get prefixes() {
      read ??= texts.map((text) => {
        const prefix = parsePrefix(text);
        if (prefix !== undefined) return prefix;
        throw new FlowError('network-invalid', `${file}: service tag ${name}: '${text}' is not an address prefix`);
      });
      return read;
    },
  };
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`not a prefix: ${text}`);
  return prefix;
}
