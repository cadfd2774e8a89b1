/** Parts of a filter's text: tests, which stand on a chip, and the words between. A pure reading of the text, also of one that is wrong. */

export interface Part {
  readonly from: number;
  readonly to: number;
  readonly kind: 'test' | 'word';
}

const token = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[()]|[^\s()"']+|\s+/g;
const joints = /^(?:and|or|not|&&|\|\||!)$/i;

export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let start: number | undefined;
  let end = 0;
  /** Brackets within a test are its list. */
  let depth = 0;
  const close = (): void => {
    if (start !== undefined) parts.push({ from: start, to: end, kind: 'test' });
    start = undefined;
    depth = 0;
  };
  for (const { 0: word, index } of text.matchAll(token)) {
    const isList = word === '(' && start !== undefined && /(?:in|=|\))\s*$/i.test(text.slice(start, index));
    if (word.trim() === '') continue;
    if (
      depth === 0 &&
      joints.test(word) &&
      !(
        word.toLowerCase() === 'not' &&
        /\w\s*$/.test(textOf(text, start, end)) &&
        /^\s*(?:in|like)\b/i.test(text.slice(index + word.length))
      )
    ) {
      close();
      parts.push({ from: index, to: index + word.length, kind: 'word' });
    } else if (depth === 0 && !isList && (word === '(' || word === ')')) {
      close();
      parts.push({ from: index, to: index + 1, kind: 'word' });
    } else {
      if (isList) depth++;
      else if (word === ')') depth--;
      start ??= index;
      end = index + word.length;
    }
  }
  close();
  return parts;
}

function textOf(text: string, start: number | undefined, end: number): string {
  return start === undefined ? '' : text.slice(start, end);
}
