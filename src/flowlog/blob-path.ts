/**
 * Paths of flow log blobs: one blob per hour, flow log and NIC.
 *
 *   NSG         insights-logs-networksecuritygroupflowevent/
 *     resourceId=/SUBSCRIPTIONS/{sub}/RESOURCEGROUPS/{rg}/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/{nsg}/y=2024/m=03/d=15/h=10/m=00/macAddress=000D3AF87856/PT1H.json
 *   VNet short  insights-logs-flowlogflowevent/
 *     flowLogResourceID=/{sub}_{rg}/{network watcher}_{flow log}/y=…/PT1H.json
 *   VNet long   flowLogResourceID=/SUBSCRIPTIONS/{sub}/RESOURCEGROUPS/{rg}/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/{network watcher}/FLOWLOGS/{flow log}/y=…/PT1H.json
 *
 * Also accepted: any casing, `resourceId%3D`, a leading container name or URL path, no MAC folder, no hour or minute folder, folders of
 * bare numbers (`2024/03/15`). Source: facts 2.1.
 */
import { parseMac } from '../net/mac.ts';

/** The containers that Azure writes to. */
export const nsgContainer = 'insights-logs-networksecuritygroupflowevent';
export const vnetContainer = 'insights-logs-flowlogflowevent';

/** Real accounts have the short form; some of Microsoft's documents have the long form. Source: facts 2.1. */
export type VnetPath = 'short' | 'long';

/** The hour and NIC of a blob. */
interface BlobHour {
  /** Epoch milliseconds of the hour; of the day if the path has no hour. */
  readonly hourMillis: number;
  /** Twelve upper-case digits; `undefined` if the path has no MAC folder. */
  readonly mac: string | undefined;
}

export interface NsgBlobPath extends BlobHour {
  readonly kind: 'nsg';
  /** ARM id of the target: an NSG, or rarely a VNet. */
  readonly resourceId: string;
}

export interface VnetBlobPath extends BlobHour {
  readonly kind: 'vnet';
  readonly form: VnetPath;
  /**
   * ARM id of the flow log. Underscores make the short form ambiguous; this is the most likely id: a GUID ends at its
   * last digit, and the network watcher's name has one underscore (`NETWORKWATCHER_{region}`).
   */
  readonly resourceId: string;
}

/** The parts of a blob's path, in its casing. */
export type BlobPath = NsgBlobPath | VnetBlobPath;

/** Name of the container for this kind of blob. */
export function containerOf(kind: BlobPath['kind']): string {
  return kind === 'nsg' ? nsgContainer : vnetContainer;
}

/** The parts of an ARM id, in its casing; `undefined` if the id does not have them. */
export interface ResourceName {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** Name of the outermost resource: an NSG or a network watcher. */
  readonly name: string;
  /** Name of a child resource: a flow log. */
  readonly child: string | undefined;
}

/** The id with single slashes. Some logs have `//`, as in Microsoft's tutorial on parsing NSG flow logs. */
export function withSingleSlashes(id: string): string {
  return id.replace(/\/{2,}/g, '/');
}

/**
 * Parses `/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Network/{type}/{name}[/{type}/{name}]`, in any
 * casing.
 */
export function parseResourceId(id: string): ResourceName | undefined {
  const match =
    /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.network\/[^/]+\/([^/]+)(?:\/[^/]+\/([^/]+))?$/i.exec(
      withSingleSlashes(id),
    );
  if (match === null) return undefined;
  return { subscription: match[1], resourceGroup: match[2], name: match[3], child: match[4] };
}

/**
 * The path of a blob in its container, in Azure's casing.
 * @param resourceId ARM id of the NSG, or of the flow log for `vnet`; written in upper case
 * @param mac if absent, the path has no MAC folder
 */
export function formatBlobPath(
  kind: BlobPath['kind'],
  resourceId: string,
  hourMillis: number,
  mac: string | undefined,
  vnetPath: VnetPath = 'short',
): string {
  const id = withSingleSlashes(resourceId.toUpperCase());
  const key = kind === 'nsg' ? 'resourceId' : 'flowLogResourceID';
  const name = kind === 'vnet' && vnetPath === 'short' ? shortName(id) : id;
  const [year, month, day, hour] = new Date(hourMillis).toISOString().split(/[-T:]/);
  const nic = mac === undefined ? '' : `/macAddress=${mac}`;
  return `${key}=${name}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00${nic}/PT1H.json`;
}

/** `/{sub}_{rg}/{network watcher}_{flow log}`; ids of another form are unchanged. */
function shortName(id: string): string {
  const pieces = parseResourceId(id);
  if (pieces?.child === undefined) return id;
  return `/${pieces.subscription}_${pieces.resourceGroup}/${pieces.name}_${pieces.child}`;
}

/** Parses a blob's path; `undefined` if it is not the path of a flow log. */
export function parseBlobPath(path: string): BlobPath | undefined {
  const match = /(?:^|\/)(resourceId|flowLogResourceID)(?:=|%3D)(\/.+)\/PT1H\.json(?:\.gz)?$/i.exec(decodeEquals(path));
  if (match === null) return undefined;
  const vnet = match[1].toLowerCase() === 'flowlogresourceid';
  const segments = match[2].split('/');
  const mac = takeMac(segments);
  const hourMillis = takeHour(segments);
  if (mac === null || hourMillis === undefined) return undefined;
  const id = withSingleSlashes(segments.join('/'));
  const hour = { hourMillis, mac };
  if (!vnet) return parseResourceId(id) === undefined ? undefined : { kind: 'nsg', resourceId: id, ...hour };
  if (parseResourceId(id) !== undefined) return { kind: 'vnet', form: 'long', resourceId: id, ...hour };
  const resourceId = longName(id);
  return resourceId === undefined ? undefined : { kind: 'vnet', form: 'short', resourceId, ...hour };
}

/** Some tools escape the `=` in folder names. */
function decodeEquals(path: string): string {
  return path.replace(/%3d/gi, '=');
}

/** Removes a MAC folder from the end. Returns its MAC, `undefined` if there is none, `null` if it is not a MAC. */
function takeMac(segments: string[]): string | undefined | null {
  const match = /^macAddress=(.*)$/i.exec(segments[segments.length - 1]);
  if (match === null) return undefined;
  segments.pop();
  return parseMac(match[1]) ?? null;
}

/** Removes `y=`, `m=`, `d=`, `h=`, `m=` from the end. The last two, and the letters, are optional. */
function takeHour(segments: string[]): number | undefined {
  const match =
    /^(.*?)\/(?:y=)?(\d{4})\/(?:m=)?(\d{1,2})\/(?:d=)?(\d{1,2})(?:\/(?:h=)?(\d{1,2}))?(?:\/(?:m=)?\d{1,2})?$/i.exec(
      segments.join('/'),
    );
  if (match === null) return undefined;
  const [month, day, hour] = [Number(match[3]), Number(match[4]), Number(match[5] ?? '0')];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23) return undefined;
  segments.splice(0, segments.length, ...match[1].split('/'));
  return Date.UTC(Number(match[2]), month - 1, day, hour);
}

/** The ARM id of a short name; `undefined` if it is not one. */
function longName(name: string): string | undefined {
  const match =
    /^\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^/_]+)_([^/]+)\/([^/_]*networkwatcher_[^/_]+|[^/_]+)_([^/]+)$/i.exec(
      name,
    );
  if (match === null) return undefined;
  return `/SUBSCRIPTIONS/${match[1]}/RESOURCEGROUPS/${match[2]}/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/${match[3]}/FLOWLOGS/${match[4]}`;
}
