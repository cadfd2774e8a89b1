/**
 * Network security groups, with their rules and the six default rules. Source: facts 4.1, 4.2, 4.5.
 */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { limits } from '../../base/limits.ts';
import { defaultInboundRules, defaultOutboundRules } from '../../nsg/default-rules.ts';
import type { Rule } from '../../nsg/rule.ts';
import { formatAddressMatch, formatPortRange } from '../../nsg/rule.ts';
import { ArmError } from '../arm-error.ts';
import type { Making } from '../resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resource-type.ts';
import type { Link, LinkKind } from '../resource.ts';
import { objectsOf, propertiesOf, textOf } from '../resource.ts';
import { childNames } from './child-names.ts';
import { requireNear } from './reference.ts';
import type { SecurityRule } from './security-rule.ts';
import { checkRule, ruleGroups, ruleSchema } from './security-rule.ts';

const type = 'Microsoft.Network/networkSecurityGroups';
const addressesPerNsgMax = 4000;
const groupsPerNsgMax = 100;

export const networkSecurityGroup = defineType({
  type,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object(
      {
        resourceGuid: Type.Optional(Type.String({ readOnly: true })),
        securityRules: Type.Array(ruleSchema, { default: [], maxItems: limits.rulesPerNsgMax }),
        defaultSecurityRules: Type.Optional(Type.Array(ruleSchema, { readOnly: true })),
        networkInterfaces: Type.Optional(Type.Array(Type.Object({}), { readOnly: true })),
        subnets: Type.Optional(Type.Array(Type.Object({}), { readOnly: true })),
        flowLogs: Type.Optional(Type.Array(Type.Object({}), { readOnly: true })),
        flushConnection: Type.Optional(Type.Boolean()),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 200,
  changes: 'network',
  inUse: {
    code: 'InUseNetworkSecurityGroupCannotBeDeleted',
    noun: 'Network security group',
    by: ['networkSecurityGroup'],
  },
  children: [
    { type: `${type}/securityRules`, list: 'securityRules', name: networkName },
    {
      type: `${type}/defaultSecurityRules`,
      list: 'defaultSecurityRules',
      name: networkName,
      readOnly: true,
      elements: () => defaultRules,
    },
  ],
  complete(body, making) {
    const rules = body.properties.securityRules;
    checkRules(rules, making);
    const before = propertiesOf(making.previous?.body ?? {});
    return {
      properties: {
        ...body.properties,
        resourceGuid: before['resourceGuid'] ?? randomUUID(),
      },
    };
  },
  links: (resource) =>
    objectsOf(propertiesOf(resource.body)['securityRules']).flatMap((rule): Link[] =>
      ruleGroups(propertiesOf(rule)).map((to) => ({
        from: `${resource.id}/securityRules/${textOf(rule['name'])}`,
        holder: resource.id,
        to,
        what: 'applicationSecurityGroup',
      })),
    ),
  present(resource, view) {
    const links = view.linksTo(resource.id);
    const refer = (what: LinkKind, mark: string): Json[] =>
      links
        .filter((link) => link.what === what && link.from.toLowerCase().includes(mark))
        .map(({ from }) => ({ id: from }));
    const users = {
      networkInterfaces: refer('networkSecurityGroup', '/networkinterfaces/'),
      subnets: refer('networkSecurityGroup', '/subnets/'),
      flowLogs: refer('flowLogTarget', '/flowlogs/'),
    };
    const shown = Object.fromEntries(Object.entries(users).filter(([, list]) => list.length > 0));
    return { ...resource.body, properties: { ...propertiesOf(resource.body), ...shown } };
  },
});

function checkRules(rules: readonly SecurityRule[], making: Making): void {
  const { id, view } = making;
  const checkName = childNames(id);
  const priorities = new Map<string, string>();
  for (const rule of rules) {
    checkName(rule.name);
    checkRule(rule, view);
    const { priority, direction } = rule.properties;
    const other = priorities.get(`${direction} ${priority}`);
    if (other !== undefined)
      throw new ArmError(
        'SecurityRuleConflict',
        `Security rule ${rule.name} conflicts with rule ${other}. Rules cannot have the same Priority and Direction.`,
        { target: rule.name },
      );
    priorities.set(`${direction} ${priority}`, rule.name);
  }
  for (const side of ['sourceAddressPrefixes', 'destinationAddressPrefixes'] as const) {
    const count = rules.reduce((sum, { properties }) => sum + properties[side].length, 0);
    if (count > addressesPerNsgMax) throw tooMany(`${count} ${side}`, addressesPerNsgMax);
  }
  const groups = new Map(
    rules.flatMap(({ properties }) => ruleGroups(properties as JsonObject)).map((group) => [resourceKey(group), group]),
  );
  if (groups.size > groupsPerNsgMax) throw tooMany(`${groups.size} application security groups`, groupsPerNsgMax);
  for (const group of groups.values()) requireNear(making, group, 'Microsoft.Network/applicationSecurityGroups');
}

function tooMany(what: string, most: number): ArmError {
  return new ArmError(
    'ChildResourceLimit',
    `The rules of the network security group have ${what}; at most ${most} are permitted.`,
  );
}

const defaultRules: readonly JsonObject[] = [...defaultInboundRules, ...defaultOutboundRules].map(presentDefault);

function presentDefault(rule: Rule): JsonObject {
  const [source, destination] = [rule.source, rule.destination];
  return {
    name: rule.name,
    properties: {
      description: rule.description,
      protocol: rule.protocol,
      sourcePortRange: formatPortRange(source.ports[0]),
      destinationPortRange: formatPortRange(destination.ports[0]),
      sourceAddressPrefix: formatAddressMatch(source.addresses[0]),
      destinationAddressPrefix: formatAddressMatch(destination.addresses[0]),
      access: rule.access === 'allow' ? 'Allow' : 'Deny',
      priority: rule.priority,
      direction: rule.direction === 'inbound' ? 'Inbound' : 'Outbound',
      sourcePortRanges: [],
      destinationPortRanges: [],
      sourceAddressPrefixes: [],
      destinationAddressPrefixes: [],
    },
  };
}
