/** Numbers for people. Exact ones have thousands separators; short ones have three digits and an SI unit. */

const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

export interface Short {
  readonly value: string;
  readonly unit: string;
}

/** Three digits: 1.09 M, 38.6 GB, 999. */
export function short(value: number, unit = ''): Short {
  let power = 0;
  let scaled = Math.abs(value);
  while (scaled >= 999.5 && power < prefixes.length - 1) {
    scaled /= 1000;
    power++;
  }
  const digits = scaled >= 100 || power === 0 ? 0 : scaled >= 10 ? 1 : 2;
  const isWhole = Number.isInteger(value) || power > 0;
  const text = isWhole ? scaled.toFixed(digits) : scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0);
  return { value: `${value < 0 ? '−' : ''}${text}`, unit: `${prefixes[power]}${unit}` };
}

export function shortText(value: number, unit = ''): string {
  const { value: text, unit: full } = short(value, unit);
  return full === '' ? text : unit === '' ? `${text}${full}` : `${text} ${full}`;
}

/** Of an axis, whose steps are round: 3k, 2.5k, 20 MB. */
export function axisNumber(value: number, unit = ''): string {
  const { value: digits, unit: full } = short(value, unit);
  const text = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return unit === '' ? `${text}${full}` : `${text} ${full}`;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function exact(value: number): string {
  return whole.format(value).replace('-', '−');
}

/** `one`, or the plural with `s`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${exact(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  return shortText(value, 'B');
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A share that is never rounded to the whole, nor to nothing. */
export function carefulPercent(share: number): string {
  if (share >= 1) return '100 %';
  if (share > 0.999) return '99.9 %';
  return share > 0 && share < 0.001 ? '< 0.1 %' : percent(share);
}

/** Against the period before: `+6.2 %`, `× 9.4`, `new`, `gone`. */
export function change(now: number, before: number): string {
  if (before === 0) return now === 0 ? '=' : 'new';
  if (now === 0) return 'gone';
  const ratio = now / before;
  if (ratio >= 3) return `× ${ratio.toFixed(1)}`;
  const difference = 100 * (ratio - 1);
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(1)} %`;
}

/** A cell that holds a number; texts of digits are those beyond 2^53. `undefined` where nothing was counted. */
export function numberOf(cell: unknown): number | undefined {
  if (typeof cell === 'number') return cell;
  return typeof cell === 'string' && /^-?\d+$/.test(cell) ? Number(cell) : undefined;
}
