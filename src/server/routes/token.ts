/**
 * Token endpoints: for service principals the authority `/adfs`, for managed identities `/msi/token`. Source:
 * control-plane facts 1.1 and 1.2; RFC 6749 section 4.4 and 5.2.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../arm-error.ts';
import type { HttpServer } from '../listen.ts';
import type { Tokens } from '../tokens.ts';
import { authorityPath } from './metadata.ts';
import { queryValue } from './query-string.ts';

export interface TokenRouteSettings {
  readonly tokens: Tokens;
  readonly origin: () => string;
  readonly tenantId: string;
}

export function addTokenRoutes(app: HttpServer, settings: TokenRouteSettings): void {
  const { tokens } = settings;
  const grant = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const form = request.body;
    const client = queryValue(form, 'client_id');
    const grantType = queryValue(form, 'grant_type');
    try {
      if (client === undefined || client === '')
        throw new RequestError(400, 'invalid_request', 'The form has no client_id.');
      if (grantType !== 'client_credentials')
        throw new RequestError(400, 'unsupported_grant_type', 'Only grant_type=client_credentials is supported.');
      await tokens.checkSecret(queryValue(form, 'client_secret'), request.ip);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      void reply.code(error.status).header('x-ms-error-code', error.code);
      return { error: error.code, error_description: error.message };
    }
    const token = await tokens.issue(client, audienceOf(form, settings.origin()));
    void reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    return {
      token_type: 'Bearer',
      expires_in: token.expiresInSeconds,
      ext_expires_in: token.expiresInSeconds,
      access_token: token.accessToken,
    };
  };
  const configuration = (): object => {
    const authority = `${settings.origin()}${authorityPath}`;
    return {
      issuer: `${authority}/${settings.tenantId}`,
      authorization_endpoint: `${authority}/oauth2/authorize`,
      token_endpoint: `${authority}/oauth2/token`,
      jwks_uri: `${authority}/discovery/keys`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      grant_types_supported: ['client_credentials'],
      response_types_supported: ['token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    };
  };
  for (const prefix of [authorityPath, `${authorityPath}/:tenant`]) {
    app.post(`${prefix}/oauth2/token`, grant);
    app.post(`${prefix}/oauth2/v2.0/token`, grant);
    app.get(`${prefix}/.well-known/openid-configuration`, configuration);
    app.get(`${prefix}/v2.0/.well-known/openid-configuration`, configuration);
    app.get(`${prefix}/discovery/keys`, () => ({ keys: [] }));
  }

  const managed = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (request.headers['metadata'] !== 'true' && secretHeader(request) === undefined)
      throw new RequestError(400, 'BadRequest', 'The header Metadata: true is required.');
    await tokens.checkSecret(secretHeader(request), request.ip);
    const resource = queryValue(request.body, 'resource') ?? queryValue(request.query, 'resource');
    if (resource === undefined || resource === '')
      throw new RequestError(400, 'BadRequest', 'The parameter resource is required.');
    const token = await tokens.issue(managedIdentity, resource);
    void reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    return {
      access_token: token.accessToken,
      expires_in: String(token.expiresInSeconds),
      expires_on: String(token.expiresOn),
      resource,
      token_type: 'Bearer',
    };
  };
  // With a secret, az adds a slash.
  for (const path of ['/msi/token', '/msi/token/']) {
    app.post(path, managed);
    app.get(path, managed);
  }
}

/** Client id of the single managed identity. */
const managedIdentity = '00000000-0000-0000-0000-00000000001d';

/** The audience in a form: `resource`, or the scopes of version 2 without their last part. */
function audienceOf(form: unknown, origin: string): string {
  const resource = queryValue(form, 'resource');
  if (resource !== undefined && resource !== '') return resource;
  const scope = (queryValue(form, 'scope') ?? '').split(' ').find((part) => part.includes('://'));
  return scope === undefined ? `${origin}/` : scope.replace(/\/\.default$/, '');
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The secret of a managed identity, in the header of App Service's current or former endpoint. */
function secretHeader(request: FastifyRequest): string | undefined {
  return header(request, 'x-identity-header') ?? header(request, 'secret');
}
