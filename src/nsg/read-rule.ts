/**
 * A security rule as it stands in a file, checked as Azure checks it. Every fault of a rule is one sentence that names the rule.
 * Source: facts 4.1; limits 4.5.
 */
import { resourceName } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readField, readObjects, readProperties, readText, readTexts } from './fields.ts';
import type { Access, AddressMatch, Direction, PortRange, Rule, RuleProtocol, RuleSide } from './rule.ts';
import { portCount, ruleLogName } from './rule.ts';
import type { ServiceTags } from './service-tag.ts';
import { knownTag, looksLikeTag } from './service-tag.ts';

/** Where a rule's faults go, and what it must know. */
export interface RuleReader {
  readonly serviceTags: ServiceTags;
  /** Whether a ServiceTags file was given: then a tag that it lacks is a fault. */
  readonly tagsGiven: boolean;
  readonly problems: string[];
  /** Receives tags that are not known while no ServiceTags file was given. */
  readonly unresolvedTag: (tag: string, rule: string) => void;
  /** Receives tags that the ServiceTags file lists without any prefix. */
  readonly emptyTag: (tag: string, rule: string) => void;
}

export const priorityMin = 100;
export const priorityMax = 4096;
const nameLengthMax = 80;

/** In lower case, as ARM, az and the SDKs spell them. */
export const ruleProtocols: Readonly<Record<string, RuleProtocol>> = {
  '*': '*',
  any: '*',
  all: '*',
  tcp: 'Tcp',
  udp: 'Udp',
  icmp: 'Icmp',
  icmpv4: 'Icmp',
  icmpv6: 'Icmp',
  esp: 'Esp',
  ah: 'Ah',
};

/** `where` names the NSG. `undefined` where the rule has a fault, which is then in `problems`. @throws network-invalid where a field is unresolved */
export function readRule(reader: RuleReader, body: ValueObject, name: string, where: string): Rule | undefined {
  const at = `${where}: rule ${name === '' ? '(no name)' : name}`;
  const fields = readProperties(body, at);
  const faults = reader.problems.length;
  const fault = (what: string): void => {
    reader.problems.push(`${at}: ${what}`);
  };
  checkName(name, fault);
  const priority = readPriority(fields, at, fault);
  const direction = readWord<Direction>(fields, 'direction', { inbound: 'inbound', outbound: 'outbound' }, at, fault);
  const access = readWord<Access>(fields, 'access', { allow: 'allow', deny: 'deny' }, at, fault);
  const protocol = readWord<RuleProtocol>(fields, 'protocol', ruleProtocols, at, fault);
  const source = readSide(reader, fields, 'source', at, fault);
  const destination = readSide(reader, fields, 'destination', at, fault);
  if (reader.problems.length > faults) return undefined;
  if (priority === undefined || direction === undefined || access === undefined || protocol === undefined)
    return undefined;
  const description = readText(fields, 'description', at);
  const logName = ruleLogName('user', name);
  return { name, logName, kind: 'user', description, priority, direction, access, protocol, source, destination };
}

type Fault = (what: string) => void;

function checkName(name: string, fault: Fault): void {
  if (name === '') fault('it has no name');
  else if (name.length > nameLengthMax) fault(`its name is longer than ${nameLengthMax} characters`);
  else if (!/^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?$/u.test(name))
    fault('its name must begin with a letter, digit or _, end with one, and hold nothing else but . and -');
}

function readPriority(fields: ValueObject, at: string, fault: Fault): number | undefined {
  const text = readText(fields, 'priority', at);
  if (!/^-?\d+$/.test(text)) {
    fault(text === '' ? 'it has no priority' : `priority ${text} is no integer`);
    return undefined;
  }
  const priority = Number(text);
  if (priority < priorityMin || priority > priorityMax)
    fault(`priority ${text} lies outside ${priorityMin} to ${priorityMax}`);
  return priority;
}

/** A field that holds one of some words, in any casing; `undefined` where it does not, which is a fault. */
export function readWord<T>(
  fields: ValueObject,
  field: string,
  words: Readonly<Record<string, T>>,
  at: string,
  fault: Fault,
): T | undefined {
  const text = readText(fields, field, at);
  const lower = text.toLowerCase();
  if (Object.hasOwn(words, lower)) return words[lower];
  fault(text === '' ? `it has no ${field}` : `${field} '${text}' is not known`);
  return undefined;
}

function readSide(
  reader: RuleReader,
  fields: ValueObject,
  side: 'source' | 'destination',
  at: string,
  fault: Fault,
): RuleSide {
  const texts = readBoth(fields, `${side}AddressPrefix`, `${side}AddressPrefixes`, at, fault);
  const groups = readObjects(fields, `${side}ApplicationSecurityGroups`, at).map((group) => readText(group, 'id', at));
  if (texts.length > 0 && groups.length > 0)
    fault(
      `its ${side} has both application security groups (${groups.map(resourceName).join(', ')}) and ${texts.join(', ')}`,
    );
  if (texts.length === 0 && groups.length === 0) fault(`it has no ${side}: ${side}AddressPrefix is missing`);
  const addresses: AddressMatch[] = groups.map((id) => ({ kind: 'application-security-group', id }));
  for (const text of texts) {
    const match = readAddress(reader, text, at);
    if (match === undefined)
      fault(`its ${side} '${text}' is no address prefix and no service tag${tagHint(reader, text)}`);
    else addresses.push(match);
  }
  const ports: PortRange[] = [];
  const portTexts = readBoth(fields, `${side}PortRange`, `${side}PortRanges`, at, fault);
  if (portTexts.length === 0) fault(`it has no ${side} port: ${side}PortRange is missing`);
  for (const text of portTexts) {
    const range = parsePortRange(text);
    if (range === undefined)
      fault(`its ${side} port '${text}' is neither *, a port from 0 to 65535, nor a range such as 8000-8080`);
    else ports.push(range);
  }
  return { addresses, ports };
}

function tagHint(reader: RuleReader, text: string): string {
  return reader.tagsGiven && looksLikeTag(text) ? ' of the ServiceTags file' : '';
}

/** The singular field or the plural one; Azure fills one and leaves the other empty. */
function readBoth(fields: ValueObject, one: string, many: string, at: string, fault: Fault): string[] {
  const single = readField(fields, one) === undefined ? [] : readTexts(fields, one, at);
  const several = readTexts(fields, many, at);
  if (single.length === 0) return several;
  if (several.length > 0 && !single.every((text) => several.includes(text))) fault(`it has both ${one} and ${many}`);
  return several.length > 0 ? several : single;
}

function readAddress(reader: RuleReader, text: string, at: string): AddressMatch | undefined {
  if (text === '*' || text.toLowerCase() === 'any') return { kind: 'any' };
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { kind: 'prefix', prefix };
  const tag = knownTag(text, reader.serviceTags);
  if (tag !== undefined) {
    const listed = reader.serviceTags.get(tag.toLowerCase());
    if (listed?.prefixes.length === 0) reader.emptyTag(tag, at);
    return { kind: 'tag', tag };
  }
  if (!looksLikeTag(text) || reader.tagsGiven) return undefined;
  reader.unresolvedTag(text, at);
  return { kind: 'tag', tag: text };
}

/** `*`, `80` or `8000-8080`; `undefined` when it is none of them. */
export function parsePortRange(text: string): PortRange | undefined {
  if (text === '*') return { start: 0, end: portCount };
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return start <= last && last < portCount ? { start, end: last + 1 } : undefined;
}
