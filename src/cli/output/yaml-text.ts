import { unsafeCharacters } from './printable.ts';

/** But line breaks, which YAML's block texts have. */
const unsafeInYaml = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A value as YAML. A text with characters that a terminal must not get is quoted, with escapes that stand for the same. */
export async function yamlText(value: unknown): Promise<string> {
  const { Document, stringify, visit } = await import('yaml');
  const plain = stringify(value, { lineWidth: 0 });
  if (plain.search(unsafeInYaml) < 0) return plain;
  const document = new Document(value);
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && unsafeCharacters.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(unsafeInYaml, escapePoint);
}

/** `\u202e`, or `\U000e0001` beyond 16 bits. */
function escapePoint(character: string): string {
  const point = character.codePointAt(0)!;
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
}
