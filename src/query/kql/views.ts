/** Wildcards of `union` over views: the language service knows those of tables only. */
import type { KqlTable } from './table.ts';
import { patternOf } from './lower/operators/columns.ts';

/** The text with the names of views and tables in place of a wildcard that a view fits. */
export function withViews(text: string, tables: readonly KqlTable[]): string {
  const views = [...text.matchAll(/\blet\s+([A-Za-z_]\w*)\s*=\s*view\s*\(/g)].map(([, name]) => name);
  if (views.length === 0 || !text.includes('*')) return text;
  return text.replaceAll(/\bunion\b[^|;"']*/g, (operator) =>
    operator.replaceAll(/(?<![\w.])[A-Za-z_]\w*\*(?=\s*(?:,|\)|$))/g, (wildcard) => {
      const pattern = patternOf(wildcard);
      const found = views.filter((name) => pattern.test(name));
      if (found.length === 0) return wildcard;
      return [...tables.map(({ name }) => name).filter((name) => pattern.test(name)), ...found].join(', ');
    }),
  );
}
