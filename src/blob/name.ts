import { FlowError } from '../base/errors.ts';

/** Longest blob name, in UTF-16 units. Source: Azure Blob Storage, "Naming and referencing containers, blobs, and metadata". */
const nameLengthMax = 1024;

const windowsReserved = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Refuses blob names that cannot be a path below a folder: empty parts, `.` and `..`, a leading or trailing `/`,
 * backslashes and control characters; on Windows also characters that its file names cannot have. `=`, spaces and all
 * letters are allowed; case is kept.
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
          ? 'has a backslash or a control character'
          : platform === 'win32' && name.split('/').some((part) => windowsReserved.test(part))
            ? 'has characters or names that are reserved on Windows'
            : undefined;
  if (wrong !== undefined)
    throw new FlowError('usage', `the blob name ${JSON.stringify(name.slice(0, 200))} ${wrong}`, {
      hint: 'Blob names are relative paths with "/" between the parts.',
    });
}

/**
 * True for container names that Azure accepts: 3 to 63 lower-case letters, digits and single hyphens. Source: Azure
 * Blob Storage, "Naming and referencing containers, blobs, and metadata".
 */
export function isContainerName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name);
}

/** Compares names by code points, as UTF-8 bytes sort; below 0 if `a` comes first. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** UTF-16 sorts surrogates (code points from 0x10000 on) before 0xe000 to 0xffff; this sorts them after. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
