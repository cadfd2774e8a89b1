/** The control plane, asked as any client asks it: the same checks, and errors at the fields of the console's forms. */
import type { NetworkResources } from '../../../advise/coverage.ts';
import type { ResourceManager } from '../../../advise/resource-manager.ts';
import { networkVersion, resourcesVersion } from '../../../advise/resource-manager.ts';
import type { JsonObject } from '../../../arm-template/value.ts';
import type { ControlPlane } from '../../../control/control-plane.ts';
import type { ArmResponse } from '../../../control/api/request.ts';
import { objectOf, objectsOf, textOf } from '../../../control/resources/resource.ts';
import { groupOf, locationOf } from '../../../control/resources/resource-path.ts';
import { ApiError } from '../api-error.ts';

/** A network watcher, which holds the flow logs of its region. */
export interface Watcher {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly group: string;
}

export class ArmClient implements ResourceManager {
  readonly subscription: string;
  readonly isAzure = false;
  readonly #control: ControlPlane;

  constructor(control: ControlPlane, subscription: string) {
    this.#control = control;
    this.subscription = subscription;
  }

  async get(path: string, apiVersion: string): Promise<JsonObject | undefined> {
    const { status, body } = await this.#send('GET', path, apiVersion);
    if (status === 404) return undefined;
    return bodyOf({ status, headers: {}, body });
  }

  async post(path: string, apiVersion: string, body: JsonObject): Promise<JsonObject | undefined> {
    return bodyOf(await this.#send('POST', path, apiVersion, body));
  }

  async put(path: string, body: JsonObject): Promise<JsonObject> {
    return bodyOf(await this.#send('PUT', path, networkVersion, body));
  }

  async delete(path: string): Promise<void> {
    bodyOf(await this.#send('DELETE', path, networkVersion));
  }

  async list(path: string, apiVersion: string = networkVersion): Promise<JsonObject[]> {
    return objectsOf(bodyOf(await this.#send('GET', path, apiVersion))['value']);
  }

  async subscriptions(): Promise<string[]> {
    return (await this.list('/subscriptions', resourcesVersion)).map((one) => textOf(one['subscriptionId']));
  }

  /** Those of all subscriptions. */
  async watchers(): Promise<Watcher[]> {
    const found: Watcher[] = [];
    for (const id of await this.subscriptions())
      for (const watcher of await this.list(`/subscriptions/${id}/providers/Microsoft.Network/networkWatchers`))
        found.push({
          id: textOf(watcher['id']),
          name: textOf(watcher['name']),
          location: locationOf(textOf(watcher['location'])),
          group: groupOf(textOf(watcher['id'])),
        });
    return found;
  }

  async flowLogs(): Promise<JsonObject[]> {
    const found: JsonObject[] = [];
    for (const { id } of await this.watchers()) found.push(...(await this.list(`${id}/flowLogs`)));
    return found;
  }

  /** NSGs, VNets, NICs and flow logs, as GET returns them. */
  async network(): Promise<NetworkResources> {
    const { resources } = this.#control.snapshot();
    const ofType = (type: string): JsonObject[] =>
      resources.filter((resource) => textOf(resource['type']).toLowerCase() === `microsoft.network/${type}`);
    return {
      nsgs: ofType('networksecuritygroups'),
      virtualNetworks: ofType('virtualnetworks'),
      nics: ofType('networkinterfaces'),
      flowLogs: await this.flowLogs(),
    };
  }

  async #send(method: string, path: string, apiVersion: string, body?: JsonObject): Promise<ArmResponse> {
    return await this.#control.handle({
      method,
      url: `${path}?api-version=${apiVersion}`,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    });
  }
}

/** @throws ApiError for an error of the control plane */
function bodyOf({ status, body }: ArmResponse): JsonObject {
  const json = objectOf(body ?? {});
  if (status < 400) return json;
  const { code, message, target, details } = objectOf(json['error']);
  const [detail] = objectsOf(details);
  throw new ApiError(status, textOf(code), textOf(message), { field: fieldOf(textOf(target ?? detail?.['target'])) });
}

/** Fields of the control plane, and those of the form that became them. */
const fields = [
  ['properties.targetResourceId', '/target/id'],
  ['properties.storageId', '/account/id'],
  ['properties.retentionPolicy', '/retentionDays'],
  ['properties.format', '/version'],
  ['properties.flowAnalyticsConfiguration', '/trafficAnalytics'],
  ['properties.enabled', '/enabled'],
  ['location', '/location'],
] as const;

function fieldOf(target: string): string | undefined {
  return fields.find(([name]) => target === name || target.startsWith(`${name}.`))?.[1];
}
