/** What each rule of an NSG decided, by the flows of a lake. */
import type { Nsg } from '../nsg/network.ts';
import type { Direction, Rule } from '../nsg/rule.ts';
import type { Engine } from '../query/engine/engine.ts';
import type { Cell } from '../query/engine/result.ts';
import { parseMeasure } from '../query/measure.ts';
import type { Condition, QueryRange } from '../query/tree.ts';

export interface RuleHits {
  readonly nsg: Nsg;
  readonly rule: Rule;
  /** Conversations that the rule decided. */
  readonly hits: number;
  /** `null` if no bytes were counted. */
  readonly bytes: Cell;
  /** Time of the last tuple, ISO 8601; `null` without a hit. */
  readonly lastHit: Cell;
}

export interface AllRuleHits {
  /** Each rule of each NSG once, in order of evaluation, inbound rules first; the default rules, too. */
  readonly rules: readonly RuleHits[];
  /** `NSG rule`, logged for one of the NSGs, which the network no longer has. */
  readonly unknown: readonly string[];
}

/** Groups of one direction; no lake has as many rules. */
const groupsMax = 1_000_000;

/**
 * A conversation has one deciding rule at each of its NICs. Each direction is asked by itself, so that a conversation counts at both ends,
 * but once where two flow logs saw it at one end.
 */
export async function ruleHits(nsgs: readonly Nsg[], engine: Engine, range: QueryRange): Promise<AllRuleHits> {
  const rules: RuleHits[] = [];
  const known = new Set<Hit>();
  const found = {
    inbound: await hitsOf('inbound', nsgs, engine, range),
    outbound: await hitsOf('outbound', nsgs, engine, range),
  };
  for (const nsg of nsgs) {
    for (const direction of ['inbound', 'outbound'] as const) {
      const logged = found[direction];
      for (const rule of direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules) {
        const hit = logged.get(keyOf(nsg.name, rule.logName)) ?? logged.get(keyOf(nsg.name, rule.name));
        if (hit !== undefined) known.add(hit);
        rules.push({ nsg, rule, hits: hit?.hits ?? 0, bytes: hit?.bytes ?? null, lastHit: hit?.lastHit ?? null });
      }
    }
  }
  const unknown = [...found.inbound.values(), ...found.outbound.values()].filter((hit) => !known.has(hit));
  return { rules, unknown: unknown.map(({ nsg, rule }) => `${nsg} ${rule}`) };
}

interface Hit {
  readonly nsg: string;
  readonly rule: string;
  readonly hits: number;
  readonly bytes: Cell;
  readonly lastHit: Cell;
}

async function hitsOf(
  direction: Direction,
  nsgs: readonly Nsg[],
  engine: Engine,
  range: QueryRange,
): Promise<Map<string, Hit>> {
  const test = (field: string, values: readonly string[]): Condition => ({
    kind: 'test',
    field,
    any: values.map((value) => ({ kind: 'text', value })),
  });
  const names = nsgs.map(({ name }) => name);
  const { chunks } = await engine.ask({
    ask: 'groups',
    range,
    where: { kind: 'and', items: [test('direction', [direction]), test('nsg', names)] },
    axes: [{ by: ['nsg', 'rule'], limit: groupsMax }],
    measures: ['flows', 'bytes', 'last'].map(parseMeasure),
  });
  const hits = new Map<string, Hit>();
  for await (const chunk of chunks)
    for (const [nsg, rule, count, bytes, lastHit] of chunk) {
      const [of, name] = [textOf(nsg), textOf(rule)];
      const key = keyOf(of, name);
      // Two logs may write one NSG in two casings.
      const before = hits.get(key);
      hits.set(key, {
        nsg: of,
        rule: name,
        hits: Number(count) + (before?.hits ?? 0),
        bytes: before?.bytes == null ? bytes : bytes === null ? before.bytes : Number(bytes) + Number(before.bytes),
        lastHit: before !== undefined && textOf(before.lastHit) > textOf(lastHit) ? before.lastHit : lastHit,
      });
    }
  return hits;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : '';
}

function keyOf(nsg: string, rule: string): string {
  return `${nsg.toLowerCase()}\n${rule.toLowerCase()}`;
}
