/** Rules of an NSG with their hits: those that are defined, and those that logs name. */
import type { Answer } from '../../api/ask.ts';
import { cellsOf } from '../../api/ask.ts';
import type { RuleDefinition } from '../../api/nsgs.ts';
import { numberOf } from '../../format/number.ts';
import { cellText } from '../../format/cell.ts';

export interface RuleRow {
  readonly key: string;
  /** Without the prefix of logs. */
  readonly name: string;
  readonly direction: 'inbound' | 'outbound';
  readonly access: 'allow' | 'deny' | 'unknown';
  readonly definition: RuleDefinition | undefined;
  readonly isDefault: boolean;
  readonly hits: number;
  readonly bytes: number | undefined;
  /** Epoch milliseconds. */
  readonly last: number | undefined;
}

export function ruleRows(hits: Answer | undefined, definitions: readonly RuleDefinition[]): RuleRow[] {
  const rows = new Map<string, RuleRow>();
  for (const definition of definitions) {
    const key = ruleKey(definition.name, definition.direction);
    const { name, direction, access, isDefault } = definition;
    rows.set(key, { key, name, direction, access, definition, isDefault, hits: 0, bytes: undefined, last: undefined });
  }
  if (hits !== undefined) {
    const [rules, directions, accesses, flows, bytes, last] = [
      'rule',
      'direction',
      'access',
      'flows',
      'bytes',
      'last_time',
    ].map((name) => cellsOf(hits, name));
    for (let i = 0; i < hits.rows; i++) {
      const logged = cellText(rules[i]);
      const name = plainName(logged);
      const direction = directions[i] === 'outbound' ? 'outbound' : 'inbound';
      const key = ruleKey(name, direction);
      const old = rows.get(key);
      const access = accesses[i] === 'deny' ? 'deny' : accesses[i] === 'allow' ? 'allow' : 'unknown';
      const own = numberOf(bytes[i]);
      const time = last[i] === null || last[i] === undefined ? undefined : Date.parse(cellText(last[i]));
      rows.set(key, {
        key,
        name: old?.name ?? name,
        direction,
        access: old?.definition?.access ?? old?.access ?? access,
        definition: old?.definition,
        isDefault: old?.isDefault ?? logged.startsWith('DefaultRule_'),
        hits: (old?.hits ?? 0) + (numberOf(flows[i]) ?? 0),
        bytes: own === undefined ? old?.bytes : (old?.bytes ?? 0) + own,
        last: time === undefined ? old?.last : Math.max(old?.last ?? 0, time),
      });
    }
  }
  return [...rows.values()].sort(
    (left, right) =>
      left.direction.localeCompare(right.direction) ||
      (left.definition?.priority ?? 1e6) - (right.definition?.priority ?? 1e6) ||
      right.hits - left.hits,
  );
}

/** Names of rules are equal in any case. */
export function ruleKey(name: string, direction: string): string {
  return `${direction} ${plainName(name).toLowerCase()}`;
}

export function plainName(rule: string): string {
  return rule.replace(/^(?:User|Default)Rule_/, '');
}
