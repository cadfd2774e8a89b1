/** Parses `00:0d:3a:f8:78:56`, `00-0D-3A-F8-78-56`, `000d.3af8.7856` or `000D3AF87856` to twelve upper-case digits. */
export function parseMac(text: string): string | undefined {
  const digits = text.replace(/[:.-]/g, '');
  return /^[0-9a-fA-F]{12}$/.test(digits) ? digits.toUpperCase() : undefined;
}
