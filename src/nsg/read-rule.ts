/**
 * Reads a security rule from a file and checks it as Azure does (check-rule.ts). Each fault is one sentence that names
 * the rule. Source: facts 4.1.
 */
import type { ValueObject } from '../arm-template/value.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { RuleFault, RuleTexts, SideTexts } from './check-rule.ts';
import { checkRule, priorityMin } from './check-rule.ts';
import { readField, readObjects, readProperties, readText, readTexts } from './fields.ts';
import type { Access, AddressMatch, Direction, Rule, RuleProtocol, RuleSide } from './rule.ts';
import { parsePortRange, ruleLogName } from './rule.ts';
import type { ServiceTags } from './service-tag.ts';
import { knownTag } from './service-tag.ts';

/** Settings for reading rules, and where faults are reported. */
export interface RuleReader {
  readonly serviceTags: ServiceTags;
  readonly problems: string[];
  readonly warnings: string[];
  /**
   * Whether the rules are already in force. If so, a rule that Azure would refuse today but that can still be read is
   * only a warning.
   */
  readonly inForce: boolean;
  /** Receives unknown tags, with the rules that name them. */
  readonly unknownTags: Map<string, string[]>;
}

const nameLengthMax = 80;

/** By name in lower case, as in ARM, az and the SDKs. */
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

/** A rule, and its texts for the checks of the rule set. */
export interface ReadRule {
  readonly rule: Rule;
  readonly texts: RuleTexts;
}

/**
 * `where` names the NSG. `undefined` if the rule has a fault, which is then in `problems`.
 * @throws network-invalid if a field is unresolved
 */
export function readRule(reader: RuleReader, body: ValueObject, name: string, where: string): ReadRule | undefined {
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
  const texts = {
    name,
    priority: priority ?? priorityMin,
    direction: direction ?? '',
    source: readTextsOf(fields, 'source', at),
    destination: readTextsOf(fields, 'destination', at),
  };
  for (const found of checkRule(texts)) report(reader, at, found);
  if (reader.problems.length > faults) return undefined;
  if (priority === undefined || direction === undefined || access === undefined || protocol === undefined)
    return undefined;
  const description = readText(fields, 'description', at);
  const logName = ruleLogName('user', name);
  const source = readSide(reader, texts.source, at);
  const destination = readSide(reader, texts.destination, at);
  return {
    rule: { name, logName, kind: 'user', description, priority, direction, access, protocol, source, destination },
    texts,
  };
}

/** Reports a fault of a rule, or of the rules of an NSG, as a problem or a warning. */
export function report(reader: RuleReader, at: string, { sentence, means }: RuleFault): void {
  const isWarning = means === 'old' || (means === 'something' && reader.inForce);
  (isWarning ? reader.warnings : reader.problems).push(
    isWarning ? `${at}: ${sentence}; Azure refuses such rules today` : `${at}: ${sentence}`,
  );
}

type Fault = (what: string) => void;

function checkName(name: string, fault: Fault): void {
  if (name === '') fault('it has no name');
  else if (name.length > nameLengthMax) fault(`its name is longer than ${nameLengthMax} characters`);
  else if (!/^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?$/u.test(name))
    fault('its name must begin with a letter, digit or _, end with one, and contain only these, . and -');
}

function readPriority(fields: ValueObject, at: string, fault: Fault): number | undefined {
  const text = readText(fields, 'priority', at);
  if (!/^-?\d+$/.test(text)) {
    fault(text === '' ? 'it has no priority' : `priority ${text} is not an integer`);
    return undefined;
  }
  return Number(text);
}

/** A field that has one of several words, in any casing; `undefined`, with a fault, if it does not. */
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

function readTextsOf(fields: ValueObject, side: 'source' | 'destination', at: string): SideTexts {
  const [prefix, prefixes] = readBoth(fields, `${side}AddressPrefix`, `${side}AddressPrefixes`, at);
  const [port, ports] = readBoth(fields, `${side}PortRange`, `${side}PortRanges`, at);
  const groups = readObjects(fields, `${side}ApplicationSecurityGroups`, at).map((group) => readText(group, 'id', at));
  return { prefix, prefixes, port, ports, groups };
}

/** The singular and the plural field; Azure fills only one. If both are equal, they count once. */
function readBoth(fields: ValueObject, one: string, many: string, at: string): [string[], string[]] {
  const single = readField(fields, one) === undefined ? [] : readTexts(fields, one, at);
  const several = readTexts(fields, many, at);
  if (single.length === 0 || several.length === 0 || !single.every((text) => several.includes(text)))
    return [single, several];
  return several.length === 1 ? [single, []] : [[], several];
}

function readSide(reader: RuleReader, texts: SideTexts, at: string): RuleSide {
  const addresses: AddressMatch[] = texts.groups.map((id) => ({ kind: 'application-security-group', id }));
  for (const text of [...texts.prefix, ...texts.prefixes]) addresses.push(readAddress(reader, text, at));
  const ports = [...texts.port, ...texts.ports].flatMap((text) => parsePortRange(text) ?? []);
  return { addresses, ports };
}

/** Parses a text that has no faults. */
function readAddress(reader: RuleReader, text: string, at: string): AddressMatch {
  if (text === '*' || text.toLowerCase() === 'any') return { kind: 'any' };
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { kind: 'prefix', prefix };
  const tag = knownTag(text, reader.serviceTags);
  if (tag === undefined) noteUnknownTag(reader, text, at);
  else if (reader.serviceTags.get(tag.toLowerCase())?.prefixes.length === 0)
    reader.warnings.push(`${at}: the ServiceTags file lists no prefix for ${tag}, so it matches no address`);
  return { kind: 'tag', tag: tag ?? text };
}

/** Tags that differ only in casing are the same. */
export function noteUnknownTag({ unknownTags }: RuleReader, tag: string, rule: string): void {
  const known = [...unknownTags.keys()].find((name) => name.toLowerCase() === tag.toLowerCase()) ?? tag;
  const rules = unknownTags.get(known) ?? [];
  if (!rules.includes(rule)) unknownTags.set(known, [...rules, rule]);
}
