import type { JsonObject } from '../arm-template/value.ts';

/** Requests of the checks to Azure Resource Manager, or to the local one. */
export interface ResourceManager {
  readonly subscription: string;
  readonly isAzure: boolean;
  /**
   * The resource at a path; `undefined` if it does not exist.
   * @throws permission, authentication, unavailable, usage
   */
  get(path: string, apiVersion: string): Promise<JsonObject | undefined>;
  post(path: string, apiVersion: string, body: JsonObject): Promise<JsonObject | undefined>;
}

export const networkVersion = '2024-05-01';
export const storageVersion = '2023-05-01';
export const resourcesVersion = '2021-04-01';
