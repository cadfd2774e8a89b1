/**
 * A network: what a packet crosses and what decides about it. Resources point at each other, and keep their ids in the casing in
 * which they were given.
 */
import { createHash } from 'node:crypto';
import { resourceIdOf } from '../arm-template/resource-id.ts';
import type { Scope } from '../arm-template/scope.ts';
import { defaultScope } from '../arm-template/scope.ts';
import type { Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { defaultInboundRules, defaultOutboundRules } from './default-rules.ts';
import type { AdminRule, Rule } from './rule.ts';
import { anySide, ruleLogName, sortRules } from './rule.ts';
import type { ServiceTags } from './service-tag.ts';

export interface Network {
  readonly nics: readonly Nic[];
  readonly subnets: readonly Subnet[];
  readonly virtualNetworks: readonly VirtualNetwork[];
  readonly nsgs: readonly Nsg[];
  readonly applicationSecurityGroups: readonly ApplicationSecurityGroup[];
  /** Where the outside knows NICs by other addresses: public ones, and frontends of load balancers. */
  readonly translations: readonly Translation[];
  /** Of the ServiceTags file; empty without one. */
  readonly serviceTags: ServiceTags;
  /** Tags that rules name and nobody knows: they match no address. */
  readonly unknownTags: readonly UnknownTag[];
  /** One sentence each, for a person: what was assumed, or is missing in the files. */
  readonly warnings: readonly string[];
}

export interface UnknownTag {
  readonly tag: string;
  /** Where they stand, each with file or service, NSG and name. */
  readonly rules: readonly string[];
}

export interface Nic {
  readonly id: string;
  readonly name: string;
  /** Twelve upper-case hex digits. */
  readonly mac: string;
  /** Private addresses of all its IP configurations. */
  readonly addresses: readonly Address[];
  /** `undefined` where the files do not hold it. */
  readonly subnet: Subnet | undefined;
  readonly nsg: Nsg | undefined;
  /** Ids of the groups that it belongs to. */
  readonly applicationSecurityGroups: readonly string[];
  /** It has a public address, or serves a load balancer: flows from outside reach it. */
  readonly isPublished: boolean;
}

/**
 * An address, or one port of it, behind which a NIC stands, or several. Rules and logs have the private side: inbound they come after this translation,
 * outbound before it. Source: facts 4.1.
 */
export interface Translation {
  readonly public: Address;
  /** One, or backends that share it. */
  readonly privates: readonly Address[];
  /** IANA number; `undefined` for every protocol and port. */
  readonly protocol: number | undefined;
  readonly publicPort: number;
  readonly privatePort: number;
  /** What of a packet picks one of several. */
  readonly affinity: Affinity;
  /** The frontend of an internal load balancer: a private address, known within the network alone. */
  readonly isInternal: boolean;
}

/** The five-tuple; the addresses; the addresses and the protocol. Azure's `loadDistribution` Default, SourceIP, SourceIPProtocol. */
export type Affinity = 'flow' | 'client' | 'client-protocol';

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly addressPrefixes: readonly Prefix[];
  readonly virtualNetwork: VirtualNetwork;
  readonly nsg: Nsg | undefined;
  /** Destinations of its user-defined routes, which belong to VirtualNetwork. */
  readonly routePrefixes: readonly Prefix[];
}

export interface VirtualNetwork {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly addressPrefixes: readonly Prefix[];
  /** Address space of the VNets that it is peered with. */
  readonly peeredPrefixes: readonly Prefix[];
  /** What its gateways reach: on-premises networks, VPN clients, VNets behind another gateway. */
  readonly connectedPrefixes: readonly Prefix[];
  /** In order of evaluation, both directions. */
  readonly adminRules: readonly AdminRule[];
  /** `undefined` where traffic between its VMs is not encrypted. */
  readonly encryption: EncryptionEnforcement | undefined;
  /** 4 to 30; `undefined` where it is not set. */
  readonly flowTimeoutMinutes: number | undefined;
  readonly resourceGuid: string | undefined;
}

/** What an encrypted VNet does with traffic of VMs that cannot encrypt. */
export type EncryptionEnforcement = 'AllowUnencrypted' | 'DropUnencrypted';

export interface Nsg {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  /** As Azure gave it; see `nsgResourceGuid`. */
  readonly resourceGuid: string | undefined;
  /** Open flows are judged anew when its rules change. */
  readonly flushConnection: boolean;
  /** In order of evaluation, the default rules last. */
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  /** Ids of subnets and NICs that it names itself, whether they are in the files or not. */
  readonly listedPlaces: readonly string[];
}

export interface ApplicationSecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly location: string;
}

/** An NSG with its default rules, from user rules of both directions in any order. */
export function createNsg(
  about: {
    id: string;
    name: string;
    location: string;
    resourceGuid?: string | undefined;
    flushConnection?: boolean;
    listedPlaces?: readonly string[];
  },
  userRules: readonly Rule[],
): Nsg {
  const inbound = userRules.filter((rule) => rule.direction === 'inbound');
  const outbound = userRules.filter((rule) => rule.direction === 'outbound');
  return {
    id: about.id,
    name: about.name,
    location: about.location,
    resourceGuid: about.resourceGuid,
    flushConnection: about.flushConnection ?? false,
    inboundRules: [...sortRules(inbound), ...defaultInboundRules],
    outboundRules: [...sortRules(outbound), ...defaultOutboundRules],
    listedPlaces: about.listedPlaces ?? [],
  };
}

/** The system id of an NSG in flow logs: its `resourceGuid`, or where that is not known a GUID that its id alone decides. */
export function nsgResourceGuid(nsg: Nsg): string {
  return nsg.resourceGuid ?? guidOf(nsg.id);
}

/** A GUID from the SHA-256 of an id in lower case, with the version and variant bits of a name-based one (RFC 9562, version 8). */
export function guidOf(id: string): string {
  const hex = sha256(id);
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `000D3A` and six hex digits that the NIC's id decides. Source: DESIGN section 5. */
export function macOf(nicId: string): string {
  return `000D3A${sha256(nicId).slice(0, 6).toUpperCase()}`;
}

function sha256(id: string): string {
  return createHash('sha256').update(id.toLowerCase()).digest('hex');
}

/**
 * The network of a recording without a network file: one NIC behind one NSG whose two rules, `AllowAllInBound` and
 * `AllowAllOutBound`, allow everything. Every packet is taken to cross that NIC (index 0), so it has no addresses.
 * `mac` has twelve upper-case digits; `undefined` derives it from the NIC's id.
 */
export function singleNicNetwork(mac?: string, scope: Scope = defaultScope, name = 'NSGFLOW'): Network {
  const idOf = (type: string, ...names: string[]): string => resourceIdOf(scope, `Microsoft.Network/${type}`, names);
  const nsg = createNsg({ id: idOf('networkSecurityGroups', name), name, location: scope.location }, [
    allowAll('AllowAllInBound', 'inbound'),
    allowAll('AllowAllOutBound', 'outbound'),
  ]);
  const virtualNetwork: VirtualNetwork = {
    id: idOf('virtualNetworks', name),
    name,
    location: scope.location,
    addressPrefixes: [],
    peeredPrefixes: [],
    connectedPrefixes: [],
    adminRules: [],
    encryption: undefined,
    flowTimeoutMinutes: undefined,
    resourceGuid: undefined,
  };
  const subnet: Subnet = {
    id: idOf('virtualNetworks/subnets', name, 'default'),
    name: 'default',
    addressPrefixes: [],
    virtualNetwork,
    nsg: undefined,
    routePrefixes: [],
  };
  const nicId = idOf('networkInterfaces', name);
  const nic: Nic = {
    id: nicId,
    name,
    mac: mac ?? macOf(nicId),
    addresses: [],
    subnet,
    nsg,
    applicationSecurityGroups: [],
    isPublished: true,
  };
  return {
    nics: [nic],
    subnets: [subnet],
    virtualNetworks: [virtualNetwork],
    nsgs: [nsg],
    applicationSecurityGroups: [],
    translations: [],
    serviceTags: new Map(),
    unknownTags: [],
    warnings: [],
  };
}

function allowAll(name: string, direction: Rule['direction']): Rule {
  return {
    name,
    logName: ruleLogName('user', name),
    kind: 'user',
    description: 'Allow everything',
    priority: 100,
    direction,
    access: 'allow',
    protocol: '*',
    source: anySide,
    destination: anySide,
  };
}
