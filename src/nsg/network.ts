/**
 * A network: the NICs that packets cross and the rules that decide. Resources reference each other directly and keep
 * their ids in the original casing.
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
  /** Other addresses of NICs as seen from outside: public addresses and load balancer frontends. */
  readonly translations: readonly Translation[];
  /** From the ServiceTags file; empty without one. */
  readonly serviceTags: ServiceTags;
  /** Unknown tags in rules: they match no address. */
  readonly unknownTags: readonly UnknownTag[];
  /** One sentence each for users: what was assumed or is missing in the files. */
  readonly warnings: readonly string[];
}

export interface UnknownTag {
  readonly tag: string;
  /** The rules that name it, each with file or service, NSG and name. */
  readonly rules: readonly string[];
}

export interface Nic {
  readonly id: string;
  readonly name: string;
  /** Twelve upper-case hex digits. */
  readonly mac: string;
  /** Private addresses of all its IP configurations. */
  readonly addresses: readonly Address[];
  /** `undefined` if the subnet is not in the files. */
  readonly subnet: Subnet | undefined;
  readonly nsg: Nsg | undefined;
  /** Ids of its application security groups. */
  readonly applicationSecurityGroups: readonly string[];
  /** Whether it has a public address or serves a load balancer, so that flows from outside reach it. */
  readonly isPublished: boolean;
}

/**
 * A public address, or one port of it, and the private addresses of one or more NICs behind it. Rules and logs use the
 * private address: for inbound flows after this translation, for outbound flows before it. Source: facts 4.1.
 */
export interface Translation {
  readonly public: Address;
  /** One address, or backends that share the public one. */
  readonly privates: readonly Address[];
  /** IANA number; `undefined` for all protocols and ports. */
  readonly protocol: number | undefined;
  readonly publicPort: number;
  readonly privatePort: number;
  /** Which fields of a packet select one of several backends. */
  readonly affinity: Affinity;
  /**
   * Whether it is the frontend of an internal load balancer: a private address that is used only inside the network.
   */
  readonly isInternal: boolean;
}

/**
 * Selects by the five-tuple, the addresses, or the addresses and the protocol. Azure's `loadDistribution` values
 * Default, SourceIP, SourceIPProtocol.
 */
export type Affinity = 'flow' | 'client' | 'client-protocol';

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly addressPrefixes: readonly Prefix[];
  readonly virtualNetwork: VirtualNetwork;
  readonly nsg: Nsg | undefined;
  /** Destinations of its user-defined routes, which belong to the tag VirtualNetwork. */
  readonly routePrefixes: readonly Prefix[];
}

export interface VirtualNetwork {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly addressPrefixes: readonly Prefix[];
  /** Address space of its peered VNets. */
  readonly peeredPrefixes: readonly Prefix[];
  /** Prefixes that its gateways reach: on-premises networks, VPN clients, VNets behind another gateway. */
  readonly connectedPrefixes: readonly Prefix[];
  /** In order of evaluation, for both directions. */
  readonly adminRules: readonly AdminRule[];
  /** `undefined` if traffic between its VMs is not encrypted. */
  readonly encryption: EncryptionEnforcement | undefined;
  /** 4 to 30; `undefined` if not set. */
  readonly flowTimeoutMinutes: number | undefined;
  readonly resourceGuid: string | undefined;
}

/** How an encrypted VNet handles traffic of VMs that cannot encrypt. */
export type EncryptionEnforcement = 'AllowUnencrypted' | 'DropUnencrypted';

export interface Nsg {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  /** As assigned by Azure; see `nsgResourceGuid`. */
  readonly resourceGuid: string | undefined;
  /** Whether open flows are evaluated again when its rules change. */
  readonly flushConnection: boolean;
  /** In order of evaluation, with the default rules last. */
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  /** Ids of subnets and NICs that the NSG itself lists, even if they are not in the files. */
  readonly listedPlaces: readonly string[];
}

export interface ApplicationSecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly location: string;
}

/** Creates an NSG with its default rules, from user rules of both directions in any order. */
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

/** The system id of an NSG in flow logs: its `resourceGuid`, or if that is unknown a GUID derived from its id. */
export function nsgResourceGuid(nsg: Nsg): string {
  return nsg.resourceGuid ?? guidOf(nsg.id);
}

/**
 * A GUID from the SHA-256 of an id in lower case, with version and variant bits of a name-based GUID (RFC 9562, version
 * 8).
 */
export function guidOf(id: string): string {
  const hex = sha256(id);
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `000D3A` and six hex digits derived from the NIC's id. Source: DESIGN section 5. */
export function macOf(nicId: string): string {
  return `000D3A${sha256(nicId).slice(0, 6).toUpperCase()}`;
}

function sha256(id: string): string {
  return createHash('sha256').update(id.toLowerCase()).digest('hex');
}

/**
 * The network of a recording without a network file: one NIC and one NSG with two rules, `AllowAllInBound` and
 * `AllowAllOutBound`, that allow everything. The NIC (index 0) has no addresses: all packets cross it.
 * @param mac twelve upper-case digits; `undefined` derives it from the NIC's id
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
