/**
 * API versions of each namespace, as Azure lists them. An unlisted version is accepted if it is newer than all listed
 * ones and not in the future: Azure publishes several per year, and clients can be newer than this table. Source:
 * `apiVersions` of `az provider show`; the versions in Azure Resource Manager's refusals
 * (`InvalidApiVersionParameter`); the version folders of the Azure SDKs.
 */
import { formatTime } from '../../base/time.ts';
import { ArmError } from '../arm-error.ts';

/** Oldest first. */
const versionTexts = {
  'Microsoft.Network':
    '2014-12-01-preview 2015-05-01-preview 2015-06-15 2016-03-30 2016-06-01 2016-07-01 2016-08-01 2016-09-01 2016-10-01 2016-11-01 2016-12-01 2017-03-01 2017-04-01 2017-06-01 2017-08-01 2017-09-01 2017-10-01 2017-11-01 2018-01-01 2018-02-01 2018-03-01 2018-04-01 2018-05-01 2018-06-01 2018-07-01 2018-08-01 2018-10-01 2018-11-01 2018-12-01 2019-02-01 2019-04-01 2019-06-01 2019-07-01 2019-08-01 2019-09-01 2019-11-01 2019-12-01 2020-01-01 2020-03-01 2020-04-01 2020-05-01 2020-06-01 2020-07-01 2020-08-01 2020-11-01 2021-01-01 2021-02-01 2021-03-01 2021-04-01 2021-05-01 2021-06-01 2021-08-01 2021-12-01 2022-01-01 2022-05-01 2022-07-01 2022-09-01 2022-11-01 2023-02-01 2023-04-01 2023-05-01 2023-06-01 2023-09-01 2023-11-01 2024-01-01 2024-03-01 2024-05-01 2024-07-01 2024-10-01 2025-01-01 2025-03-01 2025-05-01',
  'Microsoft.Storage':
    '2015-05-01-preview 2015-06-15 2016-01-01 2016-05-01 2016-12-01 2017-06-01 2017-10-01 2018-02-01 2018-03-01-preview 2018-07-01 2018-11-01 2019-04-01 2019-06-01 2020-08-01-preview 2021-01-01 2021-02-01 2021-04-01 2021-05-01 2021-06-01 2021-08-01 2021-09-01 2022-05-01 2022-09-01 2023-01-01 2023-04-01 2023-05-01 2024-01-01 2025-01-01 2025-06-01 2025-08-01',
  'Microsoft.Compute':
    '2015-05-01-preview 2015-06-15 2016-03-30 2016-04-30-preview 2016-08-30 2017-03-30 2017-10-30-preview 2017-12-01 2018-04-01 2018-06-01 2018-10-01 2019-03-01 2019-07-01 2019-12-01 2020-06-01 2020-12-01 2021-03-01 2021-04-01 2021-07-01 2021-11-01 2022-03-01 2022-08-01 2022-11-01 2023-03-01 2023-07-01 2023-09-01 2024-03-01 2024-07-01 2024-11-01 2025-04-01',
  'Microsoft.OperationalInsights':
    '2015-03-20 2015-11-01-preview 2017-01-01-preview 2017-03-03-preview 2017-03-15-preview 2017-04-26-preview 2020-03-01-preview 2020-08-01 2020-10-01 2021-06-01 2021-12-01-preview 2022-10-01 2023-09-01 2025-02-01 2025-07-01',
  'Microsoft.Resources':
    '2014-04 2014-02-26 2013-03-01 2014-01-01 2014-04-01 2014-04-01-preview 2015-01-01 2015-11-01 2016-02-01 2016-06-01 2016-07-01 2016-09-01 2017-03-01 2017-05-01 2017-05-10 2017-06-01 2017-08-01 2017-12-01 2018-01-01 2018-02-01 2018-05-01 2018-06-01 2018-07-01 2018-08-01 2018-09-01 2018-11-01 2019-03-01 2019-05-01 2019-05-10 2019-06-01 2019-07-01 2019-08-01 2019-09-01 2019-10-01 2019-11-01 2020-01-01 2020-05-01 2020-06-01 2020-07-01 2020-08-01 2020-09-01 2020-10-01 2021-01-01 2021-04-01 2022-01-01 2022-03-01-preview 2022-05-01 2022-06-01 2022-09-01 2022-11-01-preview 2022-12-01 2023-03-01-preview 2023-07-01-preview 2023-07-01 2024-03-01 2024-06-01-preview 2024-07-01 2024-08-01 2024-10-01-preview 2024-11-01 2025-03-01 2025-04-01 2026-06-01',
} as const;

const versionsByNamespace = new Map(
  Object.entries(versionTexts).map(([namespace, text]) => [namespace.toLowerCase(), text.split(' ').toReversed()]),
);

/** Newest first; a namespace without a list has the versions of Azure Resource Manager itself. */
export function apiVersionsOf(namespace: string): readonly string[] {
  return versionsByNamespace.get(namespace.toLowerCase()) ?? versionsByNamespace.get('microsoft.resources') ?? [];
}

/**
 * Checks that a version is a calendar date, not in the future, with an optional suffix such as `-preview`.
 * @throws InvalidApiVersionParameter
 */
export function checkApiVersion(version: string, nowMillis: number): void {
  if (isDate(version) && version.slice(0, 10) <= formatTime(nowMillis).slice(0, 10)) return;
  if ([...versionsByNamespace.values()].some((versions) => versions.includes(version))) return;
  throw new ArmError(
    'InvalidApiVersionParameter',
    `The api-version '${version.slice(0, 80)}' is invalid. The supported versions are '${apiVersionsOf('').join(',')}'.`,
  );
}

/**
 * Checks that the namespace of `type` has the version.
 * @throws NoRegisteredProviderFound, InvalidApiVersionParameter
 */
export function checkApiVersionOf(type: string, version: string, location = ''): void {
  const [namespace, ...rest] = type.split('/');
  const versions = versionsByNamespace.get(namespace.toLowerCase());
  if (versions === undefined || versions.includes(version) || version.slice(0, 10) > newestOf(versions)) return;
  if (namespace.toLowerCase() === 'microsoft.resources') {
    const listed = versions.join(',');
    throw new ArmError(
      'InvalidApiVersionParameter',
      `The api-version '${version.slice(0, 80)}' is invalid. The supported versions are '${listed}'.`,
    );
  }
  const where = location === '' ? '' : `location '${location}' and `;
  throw new ArmError(
    'NoRegisteredProviderFound',
    `No registered resource provider found for ${where}API version '${version.slice(0, 80)}' for type '${rest.join('/').slice(0, 200)}'. The supported api-versions are '${versions.join(', ')}'.`,
  );
}

function newestOf(versions: readonly string[]): string {
  return versions.reduce((newest, version) => (version > newest ? version : newest), '').slice(0, 10);
}

function isDate(version: string): boolean {
  const day = /^(\d{4}-\d{2}-\d{2})(-[A-Za-z0-9.-]{1,40})?$/.exec(version)?.[1];
  if (day === undefined) return false;
  const millis = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(day);
}
