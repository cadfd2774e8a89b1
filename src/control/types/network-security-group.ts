/**
 * Network security groups, with their rules and the six default rules. Source: facts 4.1, 4.2, 4.5.
 */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { limits } from '../../base/limits.ts';
import { checkRule, checkRuleSet } from '../../nsg/check-rule.ts';
import { defaultInboundRules, defaultOutboundRules } from '../../nsg/default-rules.ts';
import type { Rule } from '../../nsg/rule.ts';
import { formatAddressMatch, formatPortRange } from '../../nsg/rule.ts';
import type { WriteContext } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import type { Link, LinkKind } from '../resources/resource.ts';
import { objectsOf, propertiesOf, textOf } from '../resources/resource.ts';
import { childNames } from './child-names.ts';
import { requireNear } from './reference.ts';
import type { SecurityRule } from './security-rule.ts';
import { ruleError, ruleGroups, ruleSchema, ruleTexts } from './security-rule.ts';

const type = 'Microsoft.Network/networkSecurityGroups';

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
  complete(body, context) {
    const rules = body.properties.securityRules;
    checkRules(rules, context);
    const before = propertiesOf(context.previous?.body ?? {});
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
  toResponse(resource, view) {
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

/** @throws ArmError with the first fault */
function checkRules(rules: readonly SecurityRule[], context: WriteContext): void {
  const checkName = childNames(context.id);
  const texts = rules.map(ruleTexts);
  for (const rule of texts) {
    checkName(rule.name);
    for (const fault of checkRule(rule)) throw ruleError(fault, rule.name);
  }
  for (const fault of checkRuleSet(texts)) throw ruleError(fault, fault.rule);
  const groups = new Map(
    rules.flatMap(({ properties }) => ruleGroups(properties as JsonObject)).map((group) => [resourceKey(group), group]),
  );
  for (const group of groups.values()) requireNear(context, group, 'Microsoft.Network/applicationSecurityGroups');
}

const defaultRules: readonly JsonObject[] = [...defaultInboundRules, ...defaultOutboundRules].map(defaultRuleBody);

function defaultRuleBody(rule: Rule): JsonObject {
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
