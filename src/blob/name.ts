import { FlowError } from '../base/errors.ts';

/** Longest blob name, in UTF-16 units. Source: Azure Blob Storage, "Naming and referencing containers, blobs, and metadata". */
const nameLengthMax = 1024;

const windowsReserved = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Refuses blob names that cannot be a path below a folder: empty parts, `.` and `..`, a leading or trailing `/`, backslashes and control
 * characters; on Windows also what its file names cannot hold. Names with `=`, blanks or any letters are fine; case is kept.
 * @throws usage
 */
export function checkBlobName(name: string, platform: string = process.platform): void {
  const wrong =
    name.length === 0 || name.length > nameLengthMax
      ? `is empty or longer than ${nameLengthMax} characters`
      : name.split('/').some((part) => part === '' || part === '.' || part === '..')
        ? 'has an empty, "." or ".." part'
        : // eslint-disable-next-line no-control-regex
          /[\u0000-\u001f\\]/.test(name)
          ? 'holds a backslash or a control character'
          : platform === 'win32' && name.split('/').some((part) => windowsReserved.test(part))
            ? 'holds characters or words that Windows keeps for itself'
            : undefined;
  if (wrong !== undefined)
    throw new FlowError('usage', `the blob name ${JSON.stringify(name.slice(0, 200))} ${wrong}`, {
      hint: 'Blob names are relative paths with "/" between the parts.',
    });
}

/**
 * True for names that Azure accepts for a container: 3 to 63 of lower-case letters, digits and single hyphens.
 * Source: Azure Blob Storage, "Naming and referencing containers, blobs, and metadata".
 */
export function isContainerName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name);
}

/** Order of names by code points, as `UTF-8` bytes sort; below 0 when `a` comes first. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (code points from 0x10000 on) before 0xe000 to 0xffff; this puts them behind. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
