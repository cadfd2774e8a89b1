/**
 * Paths of flow log blobs: one blob an hour for each flow log and NIC.
 *
 *   NSG         insights-logs-networksecuritygroupflowevent/
 *     resourceId=/SUBSCRIPTIONS/{sub}/RESOURCEGROUPS/{rg}/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/{nsg}/y=2024/m=03/d=15/h=10/m=00/macAddress=000D3AF87856/PT1H.json
 *   VNet short  insights-logs-flowlogflowevent/
 *     flowLogResourceID=/{sub}_{rg}/{network watcher}_{flow log}/y=…/PT1H.json
 *   VNet long   flowLogResourceID=/SUBSCRIPTIONS/{sub}/RESOURCEGROUPS/{rg}/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/{network watcher}/FLOWLOGS/{flow log}/y=…/PT1H.json
 *
 * Read besides: any casing, `resourceId%3D`, a leading container name or URL path, no MAC folder, no hour or minute folder, folders of
 * bare numbers (`2024/03/15`). Source: facts 2.1.
 */
import { parseMac } from '../net/mac.ts';

/** Names of the containers that Azure writes to. */
export const nsgContainer = 'insights-logs-networksecuritygroupflowevent';
export const vnetContainer = 'insights-logs-flowlogflowevent';

/** Short is what real accounts have; long is in some of Microsoft's documents. Source: facts 2.1. */
export type VnetPath = 'short' | 'long';

/** The hour and NIC of a blob. */
interface BlobHour {
  /** Epoch milliseconds of the whole hour; of the day where the path has no hour. */
  readonly hourMillis: number;
  /** Twelve upper-case digits; `undefined` where the path has no MAC folder. */
  readonly mac: string | undefined;
}

export interface NsgBlobPath extends BlobHour {
  readonly kind: 'nsg';
  /** ARM id of what was logged; an NSG, in rare paths a VNet. */
  readonly resourceId: string;
}

export interface VnetBlobPath extends BlobHour {
  readonly kind: 'vnet';
  readonly form: VnetPath;
  /**
   * ARM id of the flow log. Of the short form, whose underscores are ambiguous, it is the likeliest: a GUID ends at its last digit, and the
   * network watcher's name has one underscore (`NETWORKWATCHER_{region}`).
   */
  readonly resourceId: string;
}

/** A blob's path taken apart; casing as in the path. */
export type BlobPath = NsgBlobPath | VnetBlobPath;

/** Name of the container for blobs of this kind. */
export function containerOf(kind: BlobPath['kind']): string {
  return kind === 'nsg' ? nsgContainer : vnetContainer;
}

/** The pieces of an ARM id, `undefined` where it lacks them; casing as in the id. */
export interface ResourceName {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** Of the outermost resource: an NSG, or a network watcher. */
  readonly name: string;
  /** Of a resource inside it: a flow log. */
  readonly child: string | undefined;
}

/** The id with single slashes: some logs have `//` in it (Microsoft's tutorial on parsing NSG flow logs, too). */
export function withSingleSlashes(id: string): string {
  return id.replace(/\/{2,}/g, '/');
}

/** Takes `/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Network/{type}/{name}[/{type}/{name}]` apart, in any casing. */
export function parseResourceId(id: string): ResourceName | undefined {
  const match =
    /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.network\/[^/]+\/([^/]+)(?:\/[^/]+\/([^/]+))?$/i.exec(
      withSingleSlashes(id),
    );
  if (match === null) return undefined;
  return { subscription: match[1], resourceGroup: match[2], name: match[3], child: match[4] };
}

/**
 * The path of a blob inside its container, in Azure's casing. `resourceId` is the NSG's ARM id, or the flow log's for `vnet`; the path
 * holds it in upper case. Without `mac` there is no MAC folder.
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

/** `/{sub}_{rg}/{network watcher}_{flow log}`; an id of another shape stands as it is. */
function shortName(id: string): string {
  const pieces = parseResourceId(id);
  if (pieces?.child === undefined) return id;
  return `/${pieces.subscription}_${pieces.resourceGroup}/${pieces.name}_${pieces.child}`;
}

/** Takes a blob's path apart; `undefined` when it is no path of a flow log. */
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

/** Some tools escape the `=` of folder names. */
function decodeEquals(path: string): string {
  return path.replace(/%3d/gi, '=');
}

/** Removes a MAC folder from the end: its MAC, `undefined` where there is none, `null` where it is not a MAC. */
function takeMac(segments: string[]): string | undefined | null {
  const match = /^macAddress=(.*)$/i.exec(segments[segments.length - 1]);
  if (match === null) return undefined;
  segments.pop();
  return parseMac(match[1]) ?? null;
}

/** Removes `y=`, `m=`, `d=`, `h=`, `m=` from the end; the last two may be missing, and so may be the letters. */
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

/** The ARM id of a short name; `undefined` when it is none. */
function longName(name: string): string | undefined {
  const match =
    /^\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^/_]+)_([^/]+)\/([^/_]*networkwatcher_[^/_]+|[^/_]+)_([^/]+)$/i.exec(
      name,
    );
  if (match === null) return undefined;
  return `/SUBSCRIPTIONS/${match[1]}/RESOURCEGROUPS/${match[2]}/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/${match[3]}/FLOWLOGS/${match[4]}`;
}
