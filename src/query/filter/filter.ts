/**
 * The filter expression, one grammar everywhere (docs/reference/filter.md):
 *
 *   or    = and { ("or" | "||") and }
 *   and   = not { ("and" | "&&") not }
 *   not   = ("not" | "!") not | "(" or ")" | test
 *   test  = field ("=" | "==" | "!=" | "<" | "<=" | ">" | ">=") (value | field | "null")
 *         | field ["not"] "in" ( value | "(" value { "," value } ")" )
 *         | field ["not"] "like" glob  |  field ("~" | "!~") regex
 *         | primitive (primitive.ts)
 *
 *   src in 10.0.0.0/8 and dst.port in (22, 3389) and access = deny and bytes > 1MB
 */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { Field } from './fields.ts';
import { findField, suggestField } from './fields.ts';
import type { FilterError, Token } from './filter-lexer.ts';
import { filterError, scanFilter } from './filter-lexer.ts';
import { nearest } from './nearest.ts';
import type { Primitive } from './primitive.ts';
import { primitiveAt, primitiveWords, wholeNetwork } from './primitive.ts';
import type { Condition, FieldComparison, Match, Order } from '../tree.ts';
import { ValueError, globMatch, orderMatch, regexMatch, valueMatch } from './value.ts';

/**
 * Reads a filter expression. Blank is no condition: `undefined`. `nowMillis` is what relative times are counted from.
 * @throws filter-syntax with the place marked and, where there is one, a suggestion
 */
export function parseFilter(expression: string, nowMillis: number): Condition | undefined {
  if (expression.length > limits.filterCharsMax)
    throw new FlowError('filter-syntax', `the filter is longer than ${limits.filterCharsMax} characters`);
  if (expression.trim() === '') return undefined;
  return new FilterParser(expression, nowMillis).parse();
}

type ValuePrimitive = Extract<Primitive, { kind: 'value' }>;

const inverse: Readonly<Record<string, boolean>> = { '!=': true, '!~': true };

class FilterParser {
  readonly #expression: string;
  readonly #nowMillis: number;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  /** What a bare value means: as the one of the primitive before it, in `port 22 or 3389`. */
  #bare: ValuePrimitive | undefined;

  constructor(expression: string, nowMillis: number) {
    this.#expression = expression;
    this.#nowMillis = nowMillis;
    this.#tokens = scanFilter(expression);
  }

  parse(): Condition {
    const condition = this.#or();
    const rest = this.#peek();
    if (rest.kind !== 'end')
      throw this.#error(
        rest,
        rest.text === ')' ? 'there is no "(" for this ")"' : `expected "and" or "or", found ${shown(rest)}`,
      );
    return condition;
  }

  #or(): Condition {
    const items = [this.#and()];
    while (this.#accept('or', '||')) items.push(this.#and());
    return items.length === 1 ? items[0] : { kind: 'or', items };
  }

  #and(): Condition {
    const items = [this.#not()];
    while (this.#accept('and', '&&')) items.push(this.#not());
    return items.length === 1 ? items[0] : { kind: 'and', items };
  }

  #not(): Condition {
    const start = this.#peek();
    if (++this.#depth > limits.filterDepthMax) throw this.#error(start, 'brackets and "not" go too deep');
    try {
      if (this.#accept('not', '!')) return { kind: 'not', item: this.#not() };
      if (!this.#accept('(')) return this.#test();
      const condition = this.#or();
      if (!this.#accept(')')) {
        if (this.#peek().kind === 'end') throw this.#error(start, 'this "(" is not closed');
        throw this.#error(this.#peek(), `expected "and", "or" or ")", found ${shown(this.#peek())}`);
      }
      return condition;
    } finally {
      this.#depth--;
    }
  }

  #test(): Condition {
    const primitive = this.#primitive() ?? this.#bareValue();
    if (primitive !== undefined) return primitive;
    this.#bare = undefined;
    const field = this.#field();
    const operator = this.#peek();
    const not = this.#accept('not');
    if (this.#accept('in')) return negated(not, { kind: 'test', field: field.name, any: this.#list(field) });
    if (this.#accept('like')) {
      const glob = this.#value('a pattern');
      return negated(not, {
        kind: 'test',
        field: field.name,
        any: [this.#match(glob, () => globMatch(field, glob.text))],
      });
    }
    if (not) throw this.#error(this.#peek(), 'expected "in" or "like" after "not"');
    if (operator.kind !== 'operator' || '(),!&&||'.includes(operator.text))
      throw this.#error(
        operator,
        `expected =, !=, <, <=, >, >=, in, like or ~ after "${field.name}", found ${shown(operator)}`,
      );
    this.#at++;
    if (operator.text === '~' || operator.text === '!~') {
      const pattern = this.#value('a regular expression');
      const any = [this.#match(pattern, () => regexMatch(field, pattern.text))];
      return negated(operator.text in inverse, { kind: 'test', field: field.name, any });
    }
    return this.#comparison(field, operator);
  }

  #primitive(): Condition | undefined {
    const primitive = primitiveAt(this.#tokens, this.#at);
    if (primitive === undefined) return undefined;
    if (primitive.kind === 'value') {
      this.#at += primitive.words;
      this.#bare = primitive;
      return this.#valueOf(primitive);
    }
    this.#at++;
    this.#bare = undefined;
    const more = primitive.hasMore ? this.#primitive() : undefined;
    return more === undefined ? primitive.test : { kind: 'and', items: [primitive.test, more] };
  }

  #valueOf(primitive: ValuePrimitive): Condition {
    const { field, what } = primitive;
    const value = this.#value(`${field.kind === 'address' ? 'an address' : 'a value'} after "${what}"`);
    return { kind: 'test', field: field.name, any: [this.#match(value, () => this.#primitiveMatch(primitive, value))] };
  }

  #primitiveMatch({ field, isNet }: ValuePrimitive, { text, kind }: Token): Match {
    return valueMatch(field, isNet ? wholeNetwork(text) : text, kind === 'text', this.#nowMillis);
  }

  /** A value alone, behind `and` or `or`. */
  #bareValue(): Condition | undefined {
    const token = this.#peek();
    if (this.#bare === undefined || token.kind !== 'word' || findField(token.text) !== undefined) return undefined;
    try {
      this.#primitiveMatch(this.#bare, token);
    } catch (error) {
      if (error instanceof ValueError) return undefined;
      throw error;
    }
    return this.#valueOf(this.#bare);
  }

  #comparison(field: Field, operator: Token): Condition {
    const not = operator.text in inverse;
    const equal = not || operator.text === '=' || operator.text === '==';
    const value = this.#value(`a value for "${field.name}"`);
    const other = value.kind === 'word' ? this.#otherField(field, value) : undefined;
    if (other !== undefined) {
      const sign: FieldComparison['operator'] = equal ? '=' : (operator.text as Order);
      if (sign !== '=' && field.kind === 'address')
        throw this.#error(operator, 'addresses are compared by =, != and in');
      return negated(not, { kind: 'fields', left: field.name, operator: sign, right: other.name });
    }
    const match = this.#match(value, () =>
      equal
        ? valueMatch(field, value.text, value.kind === 'text', this.#nowMillis)
        : orderMatch(field, operator.text as Order, value.text, this.#nowMillis),
    );
    return negated(not, { kind: 'test', field: field.name, any: [match] });
  }

  /** A word that names another field of this kind, where a value of this kind would not be written so. */
  #otherField(field: Field, value: Token): Field | undefined {
    if (field.kind !== 'address' && field.kind !== 'port' && field.kind !== 'counter' && field.kind !== 'time')
      return undefined;
    const other = findField(value.text);
    if (other === undefined) return undefined;
    if (other.kind !== field.kind)
      throw this.#error(value, `"${field.name}" and "${other.name}" cannot be compared: they are of different kinds`);
    const unclear = [field, other].find((one) => one.join === 'either');
    if (unclear !== undefined)
      throw this.#error(
        value,
        `"${unclear.name}" means both sides; compare src.${unclear.name} or dst.${unclear.name}`,
      );
    return other;
  }

  #list(field: Field): Match[] {
    const matches: Match[] = [];
    const bracket = this.#peek();
    const one = (): void => {
      const value = this.#value(`a value for "${field.name}"`);
      matches.push(this.#match(value, () => valueMatch(field, value.text, value.kind === 'text', this.#nowMillis)));
    };
    if (!this.#accept('(')) {
      one();
      return matches;
    }
    do one();
    while (this.#accept(','));
    if (!this.#accept(')'))
      throw this.#peek().kind === 'end'
        ? this.#error(bracket, 'this "(" is not closed')
        : this.#error(this.#peek(), `expected "," or ")", found ${shown(this.#peek())}`);
    return matches;
  }

  #match(token: Token, read: () => Match): Match {
    try {
      return read();
    } catch (error) {
      if (error instanceof ValueError) throw this.#error(token, error.message, error.suggestion);
      throw error;
    }
  }

  #field(): Field {
    const token = this.#peek();
    if (token.kind !== 'word') throw this.#error(token, `expected a field, found ${shown(token)}`);
    const field = findField(token.text);
    if (field !== undefined) {
      this.#at++;
      return field;
    }
    if (parsePrefix(token.text) !== undefined)
      throw this.#error(token, `expected a field, found the address "${token.text}"`, `ip in ${token.text}`);
    const keyword = nearest(token.text.toLowerCase(), ['not', ...primitiveWords.keys()]);
    const suggestion = suggestField(token.text) ?? keyword;
    throw this.#error(token, `unknown field "${token.text}"`, suggestion);
  }

  #value(what: string): Token {
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'text')
      throw this.#error(token, `expected ${what}, found ${shown(token)}`);
    this.#at++;
    return token;
  }

  #peek(): Token {
    return this.#tokens[this.#at];
  }

  #accept(...texts: readonly string[]): boolean {
    const token = this.#peek();
    const taken = (token.kind === 'word' || token.kind === 'operator') && texts.includes(token.text.toLowerCase());
    if (taken) this.#at++;
    return taken;
  }

  #error(token: Token, problem: string, suggestion?: string): FilterError {
    return filterError(this.#expression, token.start, problem, suggestion, token.end);
  }
}

function negated(not: boolean, item: Condition): Condition {
  return not ? { kind: 'not', item } : item;
}

function shown(token: Token): string {
  return token.kind === 'end' ? 'the end' : `"${token.text}"`;
}
