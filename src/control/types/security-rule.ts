/**
 * Security rules: their schema, and their conversion for the checks of rules (nsg/check-rule.ts). Source: facts 4.1,
 * 4.5.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { JsonObject } from '../../arm-template/value.ts';
import type { RuleFault, RuleTexts, SideTexts } from '../../nsg/check-rule.ts';
import { ArmError } from '../arm-error.ts';
import { objectsOf, textOf } from '../resources/resource.ts';
import { referenceSchema, words } from '../resources/schema.ts';

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

/** A rule in the form of the shared checks. */
export function ruleTexts({ name, properties }: SecurityRule): RuleTexts {
  const { priority, direction } = properties;
  return {
    name,
    priority,
    direction,
    source: sideTexts(properties, 'source'),
    destination: sideTexts(properties, 'destination'),
  };
}

function sideTexts(properties: SecurityRule['properties'], side: 'source' | 'destination'): SideTexts {
  const one = (text = ''): string[] => (text.trim() === '' ? [] : [text.trim()]);
  return {
    prefix: one(properties[`${side}AddressPrefix`]),
    prefixes: properties[`${side}AddressPrefixes`].map((text) => text.trim()),
    port: one(properties[`${side}PortRange`]),
    ports: properties[`${side}PortRanges`].map((text) => text.trim()),
    groups: (properties[`${side}ApplicationSecurityGroups`] ?? []).map(({ id }) => id),
  };
}

/** @param rule its name; '' for all rules of the NSG */
export function ruleError({ code, sentence }: RuleFault, rule: string): ArmError {
  return rule === ''
    ? new ArmError(code, `The network security group: ${sentence}.`)
    : new ArmError(code, `Security rule ${rule}: ${sentence}.`, { target: rule });
}

/** Ids of the application security groups that a rule names. */
export function ruleGroups(properties: JsonObject): string[] {
  return ['sourceApplicationSecurityGroups', 'destinationApplicationSecurityGroups'].flatMap((field) =>
    objectsOf(properties[field]).map((group) => textOf(group['id'])),
  );
}
