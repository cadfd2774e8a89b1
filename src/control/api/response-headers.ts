/**
 * Headers of all responses. Requests are not throttled: the remaining quota is always the full one. Source: Azure
 * Resource Manager, "Understand how Azure Resource Manager throttles requests"; "Track asynchronous Azure operations".
 */
import { randomUUID } from 'node:crypto';
import { formatTime } from '../../base/time.ts';
import type { ArmRequest, ArmResponse } from './request.ts';

const remaining = { reads: '11999', writes: '1199', deletes: '14999' } as const;

/** Adds the headers of Azure Resource Manager to a response; existing ones are kept. */
export function withHeaders(
  { method, url, headers: asked }: ArmRequest,
  response: ArmResponse,
  nowMillis: number,
): ArmResponse {
  const time = formatTime(nowMillis).replaceAll(/[-:]|\.\d+/g, '');
  const requestId = randomUUID();
  const correlationId = guidIn(asked['x-ms-correlation-request-id']) ?? requestId;
  const scope = /\/subscriptions\/[^/?]/i.test(url) ? 'subscription' : 'tenant';
  const kind = kindOf(method);
  const clientId = asked['x-ms-client-request-id'];
  const isEchoed = asked['x-ms-return-client-request-id']?.toLowerCase() === 'true';
  return {
    ...response,
    headers: {
      'cache-control': 'no-cache',
      pragma: 'no-cache',
      expires: '-1',
      'x-content-type-options': 'nosniff',
      'x-ms-request-id': requestId,
      'x-ms-correlation-request-id': correlationId,
      'x-ms-routing-request-id': `LOCAL:${time}:${correlationId}`,
      [`x-ms-ratelimit-remaining-${scope}-${kind}`]: remaining[kind],
      ...(isEchoed && clientId !== undefined && /^[\w.-]{1,128}$/.test(clientId)
        ? { 'x-ms-client-request-id': clientId }
        : {}),
      ...response.headers,
    },
  };
}

function kindOf(method: string): keyof typeof remaining {
  const upper = method.toUpperCase();
  if (upper === 'GET' || upper === 'HEAD') return 'reads';
  return upper === 'DELETE' ? 'deletes' : 'writes';
}

function guidIn(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : undefined;
}
