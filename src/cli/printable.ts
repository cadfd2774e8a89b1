/** Text that may come from a file, for a terminal: control characters but line breaks are shown as a dot. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '·');
}
