/**
 * An NSG with its rules: those inside the resource, and those that stand as resources of their own (templates and exports have both).
 */
import { resourceName } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import { limits } from '../base/limits.ts';
import { defaultInboundRules, defaultOutboundRules } from './default-rules.ts';
import { readField, readObjects, readOr, readProperties, readText } from './fields.ts';
import { readLocation } from './raw-resource.ts';
import type { Nsg } from './network.ts';
import { createNsg } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import type { RuleReader } from './read-rule.ts';
import { readRule } from './read-rule.ts';
import type { Rule } from './rule.ts';

/** `nsg` is undefined where only rules of it are in the files. Faults go to `reader.problems`. @throws network-invalid for unresolved fields */
export function readNsg(
  reader: RuleReader,
  id: string,
  nsg: RawResource | undefined,
  ruleResources: readonly RawResource[],
  location: string,
  warnings: string[],
): Nsg {
  const name = nsg?.name ?? resourceName(id);
  const where = `${(nsg ?? ruleResources[0]).where}: NSG ${name}`;
  const fields = nsg === undefined ? {} : readProperties(nsg.body, where);
  const inside = readObjects(fields, 'securityRules', where);
  const rules = readInside(reader, inside, where);
  for (const resource of ruleResources) {
    const rule = readRule(reader, resource.body, resource.name, where);
    if (rule !== undefined) rules.set(rule.name.toLowerCase(), rule);
  }
  checkPriorities(reader, [...rules.values()], where);
  if (rules.size > limits.rulesPerNsgMax)
    reader.problems.push(`${where}: it has ${rules.size} rules, more than ${limits.rulesPerNsgMax}`);
  for (const rule of readObjects(fields, 'defaultSecurityRules', where)) checkDefault(rule, where, warnings);
  const about = {
    id,
    name,
    location: nsg === undefined ? location : readLocation(nsg, location, warnings),
    resourceGuid: readText(fields, 'resourceGuid', where) || undefined,
    flushConnection: readOr(false, () => readField(fields, 'flushConnection') === true),
  };
  return createNsg(about, [...rules.values()]);
}

/** Names are unique within an NSG; the casing does not tell two apart. */
function readInside(reader: RuleReader, bodies: readonly ValueObject[], where: string): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const body of bodies) {
    const rule = readRule(reader, body, readText(body, 'name', where), where);
    if (rule === undefined) continue;
    const key = rule.name.toLowerCase();
    if (rules.has(key)) reader.problems.push(`${where}: rule ${rule.name}: another rule of this NSG has its name`);
    rules.set(key, rule);
  }
  return rules;
}

function checkPriorities(reader: RuleReader, rules: readonly Rule[], where: string): void {
  const taken = new Map<string, Rule>();
  for (const rule of rules) {
    const key = `${rule.direction} ${rule.priority}`;
    const other = taken.get(key);
    if (other !== undefined)
      reader.problems.push(
        `${where}: rule ${rule.name}: its priority ${rule.priority} ${rule.direction} is that of rule ${other.name}`,
      );
    taken.set(key, rule);
  }
}

/** Azure's default rules are always the same; what a file says otherwise is not taken in, and said. */
function checkDefault(body: ValueObject, where: string, warnings: string[]): void {
  const name = readText(body, 'name', where);
  const fields = readProperties(body, where);
  const own = [...defaultInboundRules, ...defaultOutboundRules].find(
    (rule) => rule.name.toLowerCase() === name.toLowerCase(),
  );
  const same =
    own !== undefined &&
    readText(fields, 'priority', where) === String(own.priority) &&
    readText(fields, 'access', where).toLowerCase() === own.access &&
    readText(fields, 'direction', where).toLowerCase() === own.direction;
  if (!same) warnings.push(`${where}: the default rule '${name}' is not one of Azure's and is left out`);
}
