import type { HttpServer } from '../listen.ts';
import type { Metric } from '../metrics.ts';
import { formatMetrics } from '../metrics.ts';
import type { Tokens } from '../tokens.ts';

/** Health of a part of the service. */
export interface PartHealth {
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'failed' | 'off';
  /** One sentence; empty if there is nothing to report. For a part that is `ok`, why it is idle. */
  readonly detail: string;
}

export interface HealthSettings {
  readonly tokens: Tokens;
  readonly challenge: () => string;
  readonly isReady: () => boolean;
  readonly health: () => readonly PartHealth[];
  readonly metrics: () => readonly Metric[] | Promise<readonly Metric[]>;
}

/**
 * `/healthz` for supervisors (503 until the service is ready, and after a part has failed), and `/metrics` for
 * Prometheus. With `--auth strict`, `/metrics` needs a token, and `/healthz` returns only the state without one.
 */
export function addHealthRoutes(app: HttpServer, settings: HealthSettings): void {
  const check = async (authorization: string | undefined): Promise<void> => {
    const { tokens, challenge } = settings;
    if (tokens.settings.strict) await tokens.check(authorization, challenge(), 'management');
  };
  app.get('/healthz', async (request, reply) => {
    const parts = settings.health();
    const state = !settings.isReady()
      ? 'starting'
      : parts.some((part) => part.state === 'failed')
        ? 'failed'
        : parts.some((part) => part.state === 'degraded')
          ? 'degraded'
          : 'ok';
    void reply.code(state === 'ok' || state === 'degraded' ? 200 : 503).header('cache-control', 'no-store');
    const isKnown = await check(request.headers.authorization).then(
      () => true,
      () => false,
    );
    return isKnown ? { state, parts } : { state };
  });
  app.get('/metrics', async (request, reply) => {
    await check(request.headers.authorization);
    void reply.type('text/plain; version=0.0.4; charset=utf-8');
    return formatMetrics(await settings.metrics());
  });
}
