import type { JsonObject } from '../arm-template/value.ts';

/** Azure Resource Manager, or the local one: what the checks ask of it. */
export interface ResourceManager {
  readonly subscription: string;
  readonly isAzure: boolean;
  /** The resource at a path; `undefined` where it is not there. @throws permission, authentication, unavailable, usage */
  get(path: string, apiVersion: string): Promise<JsonObject | undefined>;
  post(path: string, apiVersion: string, body: JsonObject): Promise<JsonObject | undefined>;
}

export const networkVersion = '2024-05-01';
export const storageVersion = '2023-05-01';
export const resourcesVersion = '2021-04-01';
