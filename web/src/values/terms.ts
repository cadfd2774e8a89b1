/** Filter terms that clicks add: texts of the filter language (docs/reference/filter.md). */

/** `dst.port = 443`; a value that is no plain word stands in quotes. */
export function term(field: string, value: string | number | boolean | null): string {
  return `${field} = ${value === null ? 'null' : literal(String(value))}`;
}

export function without(field: string, value: string | number | boolean | null): string {
  return value === null ? `${field} != null` : `not ${term(field, value)}`;
}

/** The field that means both sides; `undefined` where the field has no sides. */
export function eitherSide(field: string): string | undefined {
  const [, rest] = /^(?:src|dst)(?:\.(.*))?$/.exec(field) ?? [];
  if (!/^(?:src|dst)(?:\.|$)/.test(field)) return undefined;
  return rest === undefined ? 'ip' : rest;
}

/** A filter that also asks for this term, once. */
export function andTerm(filter: string, added: string): string {
  const text = filter.trim();
  if (text === '') return added;
  if (text === added || text.startsWith(`${added} and `) || text.endsWith(` and ${added}`)) return text;
  return `${hasLooseOr(text) ? `(${text})` : text} and ${added}`;
}

/** Whether an `or` stands outside of brackets and quotes. */
function hasLooseOr(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]|\|\||\bor\b/gi))
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (depth === 0 && /^(?:or|\|\|)$/i.test(token)) return true;
  return false;
}

/** Of a word; the filter language reads longer ones in quotes only. */
const wordCharsMax = 100;

function literal(value: string): string {
  return value.length <= wordCharsMax && /^[\w.:/-]+$/.test(value) && !/^(?:and|or|not|in|like|null)$/i.test(value)
    ? value
    : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
