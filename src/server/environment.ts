/**
 * Environment variables that connect `az` and the Azure SDKs in a shell to this service. Source: control-plane facts
 * 1.1 and 2.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';

export const shells = ['bash', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

export interface Environment {
  readonly origin: string;
  /** `undefined` for the user's own certificate, which clients trust already. */
  readonly caPath: string | undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** Folder for the state of `az`, so that the user's own login does not change. */
  readonly azFolder: string;
  readonly strict: boolean;
}

/** Credentials of a client. */
export interface ShellAccess {
  /** `undefined` if the user provided it, because it is not stored. */
  readonly secret: string | undefined;
  readonly token: string;
}

/** The file in the data folder with the address of the running service. */
export const stateName = 'serve.json';

/**
 * The address of the service that runs, or last ran, on this folder.
 * @throws not-found if there was none
 */
export async function readEnvironment(dataFolder: string): Promise<Environment> {
  const path = join(dataFolder, stateName);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Environment;
  } catch (cause) {
    throw new FlowError('not-found', `no nsgflow serve is running on the data folder ${dataFolder}`, {
      cause,
      hint: 'Start it first: nsgflow serve with the same --data.',
    });
  }
}

/** Lines for a shell to evaluate; the last lines are comments with the next steps. */
export function formatEnvironment(environment: Environment, { secret, token }: ShellAccess, shell: Shell): string {
  const { origin, caPath, tenantId, subscriptionId } = environment;
  const variables: [string, string][] = [
    ['AZURE_CONFIG_DIR', environment.azFolder],
    ...(caPath === undefined
      ? []
      : (['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'] as const).map((name): [string, string] => [
          name,
          caPath,
        ])),
    ['ARM_CLOUD_METADATA_URL', `${origin}/metadata/endpoints?api-version=2020-06-01`],
    ['AZURE_CORE_INSTANCE_DISCOVERY', 'false'],
    ['AZURE_SUBSCRIPTION_ID', subscriptionId],
    ['AZURE_TENANT_ID', tenantId],
    ['NSGFLOW_ENDPOINT', origin],
    ['NSGFLOW_SERVER', origin],
    ...(secret === undefined ? [] : [['NSGFLOW_SECRET', secret] satisfies [string, string]]),
    ['NSGFLOW_TOKEN', token],
  ];
  const lines = variables.map(([name, value]) => assign[shell](name, value));
  return [
    ...lines,
    ...(secret === undefined ? ['# Set NSGFLOW_SECRET to the secret that the service was started with'] : []),
    `# then: az login --service-principal -u 00000000-0000-0000-0000-000000000001 -p ${secretOf[shell]} --tenant ${tenantId}`,
    `# this shell: ${usage[shell]}`,
    '',
  ].join('\n');
}

const assign: Readonly<Record<Shell, (name: string, value: string) => string>> = {
  bash: (name, value) => `export ${name}='${plain(value).replaceAll("'", `'\\''`)}'`,
  fish: (name, value) => `set -gx ${name} '${plain(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  powershell: (name, value) => `$env:${name} = '${plain(value).replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`,
};

const secretOf: Readonly<Record<Shell, string>> = {
  bash: '"$NSGFLOW_SECRET"',
  fish: '"$NSGFLOW_SECRET"',
  powershell: '$env:NSGFLOW_SECRET',
};

const usage: Readonly<Record<Shell, string>> = {
  bash: 'eval "$(nsgflow serve --env)"',
  fish: 'nsgflow serve --env --shell fish | source',
  powershell: 'nsgflow serve --env --shell powershell | Out-String | Invoke-Expression',
};

/**
 * A line break would end the assignment, even in quotes.
 * @throws usage
 */
function plain(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(value))
    throw new FlowError('usage', 'the data folder has a control character in its name');
  return value;
}
