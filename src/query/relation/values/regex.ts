/** Regular expressions of RE2 in JavaScript, as far as both have the same. */

/** An expression of RE2: its flags in front are JavaScript's. Characters are code points. */
export function regularExpression(pattern: string, more = ''): RegExp {
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  const source = (leading === null ? pattern : pattern.slice(leading[0].length)).replaceAll('(?P<', '(?<');
  const flags = [...new Set(`${more}${leading?.[1].replaceAll('U', '') ?? ''}`)].join('');
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    return new RegExp(source, flags);
  }
}

export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** RE2's rewrite, in which `\1` is a group, as JavaScript's. */
export function rewriteOf(rewrite: string): string {
  return rewrite
    .replaceAll('$', '$$$$')
    .replaceAll(/\\(\d|\\)/g, (_, what: string) => (what === '\\' ? '\\' : what === '0' ? '$&' : `$${what}`));
}
