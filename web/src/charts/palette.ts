/** Colors of the theme, for charts: a canvas knows no variables of styles. */

export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly surface: string;
  readonly line: string;
  readonly allow: string;
  readonly deny: string;
  readonly warning: string;
  readonly before: string;
  readonly other: string;
  readonly series: readonly string[];
  readonly sequence: readonly string[];
}
