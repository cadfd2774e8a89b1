/** Writes XML 1.0. Reading is not needed: no supported request has a body. */

/** A piece of XML, created only by the functions of this file, so that all text is escaped. */
export interface Xml {
  readonly xml: string;
}

/**
 * An element with text, with other elements, or empty. Names are constants, never data; attribute values are escaped.
 */
export function xmlElement(
  name: string,
  content: string | readonly Xml[] = '',
  attributes: Readonly<Record<string, string>> = {},
): Xml {
  const inner = typeof content === 'string' ? escapeXml(content) : content.map(({ xml }) => xml).join('');
  const head = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join('');
  return { xml: inner === '' ? `<${name}${head} />` : `<${name}${head}>${inner}</${name}>` };
}

export function xmlDocument(root: Xml): string {
  return `\uFEFF<?xml version="1.0" encoding="utf-8"?>${root.xml}`;
}

/** True for text that XML 1.0 can represent without change. Source: XML 1.0, production 2. */
export function isXmlText(text: string): boolean {
  return text.search(notXml) < 0 && !/[\t\n\r]/.test(text);
}

// eslint-disable-next-line no-control-regex
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/gu;

/** Named entities: some Azure clients do not read numeric ones. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML 1.0 cannot contain become a replacement character; see `isXmlText`. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (unit) => entities[unit]).replace(notXml, '\ufffd');
}
