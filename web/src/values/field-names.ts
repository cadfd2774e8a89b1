/** Fields of filters as people call them. */

const names: Readonly<Record<string, string>> = {
  src: 'Source',
  'src.ip': 'Source',
  'src.port': 'Source port',
  dst: 'Destination',
  'dst.ip': 'Destination',
  'dst.port': 'Port',
  ip: 'Address',
  port: 'Either port',
  nsg: 'NSG',
  mac: 'MAC',
  acl: 'ACL',
};

const sides: Readonly<Record<string, string>> = { src: 'Source', dst: 'Destination' };

export function fieldName(field: string): string {
  const known = names[field];
  if (known !== undefined) return known;
  const [side, ...rest] = field.split('.');
  const words = rest.length > 0 && sides[side] !== undefined ? [sides[side], ...rest] : [side, ...rest];
  const text = words.join(' ').replaceAll('_', ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `destination and port` */
export function fieldsText(fields: readonly string[]): string {
  return fields.map((field) => (field === 'nsg' ? 'NSG' : fieldName(field).toLowerCase())).join(' and ');
}

/** The name that questions use: addresses are written short in addresses of pages. */
export function canonicalField(field: string): string {
  return field === 'src' || field === 'dst' ? `${field}.ip` : field;
}

/** The short form for filters. */
export function shortField(field: string): string {
  return field === 'src.ip' || field === 'dst.ip' ? field.slice(0, 3) : field;
}
