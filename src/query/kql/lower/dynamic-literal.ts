/** `dynamic(…)`: a JSON value, which may hold literals of KQL. */
import type { Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import { datetimeMicros, literal, literalOf } from './literal.ts';
import { list, node } from './parts.ts';
import { realText } from '../../relation/values/json.ts';
import type { Scope } from './scope.ts';
import { timeText } from '../../engine/result.ts';

export function dynamicLiteral(of: SyntaxNode, scope: Scope): Typed {
  const json = jsonOf(of, scope);
  return literal('dynamic', json === 'null' ? null : json);
}

/** The JSON text of a node. */
function jsonOf(of: SyntaxNode, scope: Scope): string {
  switch (of.kind) {
    case 'JsonObjectExpression':
      return `{${list(of, 'Pairs')
        .map((pair) => `${JSON.stringify(keyOf(pair))}:${jsonOf(node(pair, 'Value'), scope)}`)
        .join(',')}}`;
    case 'JsonArrayExpression':
      return `[${list(of, 'Values')
        .map((value) => jsonOf(value, scope))
        .join(',')}]`;
    case 'NullLiteralExpression':
      return 'null';
    case 'StringLiteralExpression':
    case 'CompoundStringLiteralExpression':
      return JSON.stringify(of.text ?? '');
    case 'DynamicExpression':
      return jsonOf(node(of, 'Expression'), scope);
    case 'UnaryMinusExpression':
      return `-${jsonOf(node(of, 'Expression'), scope)}`;
    case 'DateTimeLiteralExpression': {
      const micros = datetimeMicros(withoutBrackets(of.text ?? ''));
      return micros === undefined ? 'null' : JSON.stringify(sevenDigits(timeText(micros, 'Z') ?? ''));
    }
    default: {
      const value = literalOf(of);
      if (value === undefined || value.value.kind === 'column')
        return scope.query.refuse(of, 'a dynamic value holds literals only');
      if (value.value.kind !== 'literal') return 'null';
      const { value: plain } = value.value;
      if (value.type === 'long' || value.type === 'int') return String(plain);
      if (value.type === 'real') {
        const text = realText(Number(plain));
        return Number.isFinite(Number(plain)) ? text : JSON.stringify(text);
      }
      if (value.type === 'decimal') return JSON.stringify(plain);
      return typeof plain === 'number' || typeof plain === 'boolean' ? String(plain) : JSON.stringify(plain);
    }
  }
}

/** The key of a pair: a quoted token. */
function keyOf(pair: SyntaxNode): string {
  const token = typeof pair.parts['Name'] === 'string' ? pair.parts['Name'] : '';
  const quote = token.at(0);
  const inner = token.slice(1, -1);
  if (quote === "'") return inner.replaceAll(/\\(.)/g, '$1');
  try {
    return String(JSON.parse(token));
  } catch {
    return inner;
  }
}

/** `2024-01-01` of `datetime("2024-01-01")`. */
function withoutBrackets(text: string): string {
  const inner = text.replace(/^\w+\s*\(([\s\S]*)\)$/, '$1').trim();
  return inner.replace(/^(["'])([^]*)\1$/, '$2');
}

function sevenDigits(time: string): string {
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(7, '0')}Z`;
}
