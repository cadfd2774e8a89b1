/**
 * `/metadata/endpoints`: the endpoints of a cloud, in the form for each api-version. Source: control-plane facts 1.1,
 * 1.2 and 4.
 */
import type { HttpServer } from '../listen.ts';
import { apiVersionOf } from './query-string.ts';

/**
 * The authority must be exactly `/adfs`: clients then do not ask another server about it. Source: control-plane facts
 * 1.1.
 */
export const authorityPath = '/adfs';

/** Audiences of Azure's clients, in addition to the service's own. */
const managementAudience = 'https://management.core.windows.net/';

export interface MetadataSettings {
  /** `https://localhost:8443`; known once the server listens. */
  readonly origin: () => string;
  readonly tenantId: string;
}

export function addMetadataRoutes(app: HttpServer, settings: MetadataSettings): void {
  app.get('/metadata/endpoints', (request, reply) => {
    const version = apiVersionOf(request.query);
    const origin = settings.origin();
    void reply.header('cache-control', 'no-cache');
    if (version < '2018-01-01') return plainEndpoints(origin);
    const cloud = cloudEndpoints(origin, settings.tenantId);
    return version >= '2022-01-01' ? cloud : [cloud];
  });
}

/** For `az cloud register` and PowerShell (api-version 2015-01-01). */
function plainEndpoints(origin: string): object {
  return {
    galleryEndpoint: `${origin}/`,
    graphEndpoint: `${origin}/`,
    portalEndpoint: `${origin}/`,
    authentication: { loginEndpoint: `${origin}${authorityPath}`, audiences: [`${origin}/`, managementAudience] },
  };
}

function cloudEndpoints(origin: string, tenantId: string): object {
  const { hostname } = new URL(origin);
  return {
    name: 'nsgflow',
    portal: `${origin}/`,
    authentication: {
      loginEndpoint: `${origin}${authorityPath}`,
      audiences: [`${origin}/`, managementAudience],
      tenant: tenantId,
      identityProvider: 'ADFS',
    },
    resourceManager: origin,
    graph: `${origin}/`,
    graphAudience: `${origin}/`,
    microsoftGraphResourceId: `${origin}/`,
    gallery: `${origin}/`,
    batch: `${origin}/`,
    media: `${origin}/`,
    sqlManagement: `${origin}/`,
    vmImageAliasDoc: `${origin}/`,
    logAnalyticsResourceId: origin,
    suffixes: { storage: hostname, keyVaultDns: hostname, sqlServerHostname: hostname, acrLoginServer: hostname },
  };
}
