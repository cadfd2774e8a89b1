/** An NSG with its rules: inside the resource, and as separate resources (templates and exports have both). */
import { resourceName } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import { limits } from '../base/limits.ts';
import { checkRuleSet } from './check-rule.ts';
import { defaultInboundRules, defaultOutboundRules } from './default-rules.ts';
import { readField, readObjects, readOr, readProperties, readText } from './fields.ts';
import { readLocation } from './raw-resource.ts';
import type { Nsg } from './network.ts';
import { createNsg } from './network.ts';
import { listedPlaces } from './nsg-links.ts';
import type { RawResource } from './raw-resource.ts';
import type { ReadRule, RuleReader } from './read-rule.ts';
import { readRule, report } from './read-rule.ts';

/**
 * `nsg` is undefined if the files have only rules of it. Faults are added to `reader.problems`.
 * @throws network-invalid for unresolved fields
 */
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
  // Rules written by Azure itself need no warnings.
  const ruleReader = nsg?.isEffective === true ? { ...reader, inForce: true, warnings: [] } : reader;
  const rules = readInside(ruleReader, inside, where);
  for (const resource of ruleResources) {
    const read = readRule(reader, resource.body, resource.name, where);
    if (read !== undefined) rules.set(read.rule.name.toLowerCase(), read);
  }
  for (const fault of checkRuleSet([...rules.values()].map(({ texts }) => texts)))
    report(reader, fault.rule === '' ? where : `${where}: rule ${fault.rule}`, fault);
  if (rules.size > limits.rulesPerNsgMax)
    reader.problems.push(`${where}: it has ${rules.size} rules, more than ${limits.rulesPerNsgMax}`);
  for (const rule of readObjects(fields, 'defaultSecurityRules', where)) checkDefault(rule, where, warnings);
  const about = {
    id,
    name,
    location: nsg === undefined ? location : readLocation(nsg, location, warnings),
    resourceGuid: readText(fields, 'resourceGuid', where) || undefined,
    listedPlaces: nsg === undefined ? [] : listedPlaces(nsg),
    flushConnection: readOr(false, () => readField(fields, 'flushConnection') === true),
  };
  return createNsg(
    about,
    [...rules.values()].map(({ rule }) => rule),
  );
}

/** Rule names are unique within an NSG, ignoring case. */
function readInside(reader: RuleReader, bodies: readonly ValueObject[], where: string): Map<string, ReadRule> {
  const rules = new Map<string, ReadRule>();
  for (const body of bodies) {
    const read = readRule(reader, body, readText(body, 'name', where), where);
    if (read === undefined) continue;
    const key = read.rule.name.toLowerCase();
    if (rules.has(key)) reader.problems.push(`${where}: rule ${read.rule.name}: another rule of this NSG has its name`);
    rules.set(key, read);
  }
  return rules;
}

/** Azure's default rules never change. If a file has a different one, it is ignored with a warning. */
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
