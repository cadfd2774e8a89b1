/**
 * Security rules: their schema, and Azure's rules for one of them. Source: facts 4.1, 4.5.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { JsonObject } from '../../arm-template/value.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { parsePortRange, priorityMax, priorityMin } from '../../nsg/read-rule.ts';
import { knownTag, looksLikeTag } from '../../nsg/service-tag.ts';
import { ArmError } from '../arm-error.ts';
import type { View } from '../resource-type.ts';
import { objectsOf, textOf } from '../resource.ts';
import { referenceSchema, words } from '../schema.ts';

const texts = Type.Array(Type.String(), { default: [] });
const groups = Type.Optional(Type.Array(referenceSchema));

const rulePropertiesSchema = Type.Object({
  provisioningState: Type.Optional(Type.String({ readOnly: true })),
  description: Type.Optional(Type.String({ maxLength: 140 })),
  protocol: words(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']),
  sourcePortRange: Type.Optional(Type.String()),
  sourcePortRanges: texts,
  destinationPortRange: Type.Optional(Type.String()),
  destinationPortRanges: texts,
  sourceAddressPrefix: Type.Optional(Type.String()),
  sourceAddressPrefixes: texts,
  destinationAddressPrefix: Type.Optional(Type.String()),
  destinationAddressPrefixes: texts,
  sourceApplicationSecurityGroups: groups,
  destinationApplicationSecurityGroups: groups,
  access: words(['Allow', 'Deny']),
  priority: Type.Integer(),
  direction: words(['Inbound', 'Outbound']),
});

export const ruleSchema = Type.Object({
  id: Type.Optional(Type.String({ readOnly: true })),
  etag: Type.Optional(Type.String({ readOnly: true })),
  type: Type.Optional(Type.String({ readOnly: true })),
  name: Type.String(),
  properties: rulePropertiesSchema,
});

export type SecurityRule = Static<typeof ruleSchema>;

const groupsPerSideMax = 10;

/** @throws ArmError where the rule by itself breaks one of Azure's rules */
export function checkRule(rule: SecurityRule, view: View): void {
  const { name, properties } = rule;
  const { priority } = properties;
  if (priority < priorityMin || priority > priorityMax)
    throw new ArmError(
      'SecurityRuleInvalidPriority',
      `Security rule ${name} has invalid Priority. Value provided: ${priority} Allowed range ${priorityMin}-${priorityMax}.`,
      { target: name },
    );
  for (const side of ['source', 'destination'] as const) {
    checkPorts(rule, side);
    checkAddresses(rule, side, view);
  }
}

function checkPorts({ name, properties }: SecurityRule, side: 'source' | 'destination'): void {
  const ports = either(name, properties[`${side}PortRange`], properties[`${side}PortRanges`], `${side}PortRange`);
  if (ports.length === 0) throw missing(name, [`${side}PortRange`, `${side}PortRanges`]);
  for (const port of ports)
    if (parsePortRange(port) === undefined)
      throw new ArmError(
        'SecurityRuleInvalidPortRange',
        `Security rule ${name} has invalid Port range. Value provided: ${port}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535.`,
        { target: name },
      );
}

function checkAddresses({ name, properties }: SecurityRule, side: 'source' | 'destination', view: View): void {
  const one = `${side}AddressPrefix` as const;
  const prefixes = either(name, properties[one], properties[`${one}es`], one);
  const members = properties[`${side}ApplicationSecurityGroups`] ?? [];
  if (prefixes.length === 0 && members.length === 0)
    throw missing(name, [one, `${one}es`, `${side}ApplicationSecurityGroups`]);
  if (prefixes.length > 0 && members.length > 0)
    throw unsupported(name, `${side}ApplicationSecurityGroups`, 'prefixes and application security groups at once');
  if (members.length > groupsPerSideMax)
    throw new ArmError(
      'ChildResourceLimit',
      `Security rule ${name} has ${members.length} ${side}ApplicationSecurityGroups; at most ${groupsPerSideMax} are permitted.`,
    );
  for (const prefix of prefixes) {
    if (prefix === '*' || prefix.toLowerCase() === 'any' || parsePrefix(prefix) !== undefined) continue;
    const tags = view.settings.serviceTags === undefined ? undefined : view.network().serviceTags;
    const isTag = tags === undefined || tags.size === 0 ? looksLikeTag(prefix) : knownTag(prefix, tags) !== undefined;
    if (!isTag)
      throw new ArmError(
        'SecurityRuleInvalidAddressPrefix',
        `Security rule ${name} has invalid Address prefix. Value provided: ${prefix.slice(0, 100)}`,
        { target: name },
      );
  }
}

/** The singular field or the plural one. */
function either(name: string, one: string | undefined, many: readonly string[], field: string): readonly string[] {
  const single = one === undefined || one.trim() === '' ? [] : [one.trim()];
  if (single.length > 0 && many.length > 0) throw unsupported(name, field, `both ${field} and its plural`);
  return single.length > 0 ? single : many.map((text) => text.trim());
}

function missing(name: string, fields: readonly string[]): ArmError {
  return new ArmError(
    'InvalidRequestContent',
    `Required security rule parameters are missing for security rule ${name}. It must specify one of ${fields.join(', ')}.`,
    { target: name },
  );
}

function unsupported(name: string, field: string, what: string): ArmError {
  return new ArmError(
    'SecurityRuleParameterContainsUnsupportedValue',
    `Security rule parameter ${field} for rule ${name} contains an unsupported value: ${what}.`,
    { target: name },
  );
}

/** Ids of the application security groups that a rule names. */
export function ruleGroups(properties: JsonObject): string[] {
  return ['sourceApplicationSecurityGroups', 'destinationApplicationSecurityGroups'].flatMap((field) =>
    objectsOf(properties[field]).map((group) => textOf(group['id'])),
  );
}
