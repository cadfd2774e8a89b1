import { limits } from '../../base/limits.ts';

/** What the header `Prefer` asks for. Source: Azure Monitor, "Prefer options". */
export interface Preferences {
  /** Time limit of the query. */
  readonly waitSeconds: number;
  readonly statistics: boolean;
  readonly render: boolean;
}

const defaultWaitSeconds = 180;

/** `wait=600, include-statistics=true, include-render=true`; unknown preferences have no effect. */
export function parsePrefer(header: string | undefined): Preferences {
  const given = new Map(
    (header ?? '')
      .toLowerCase()
      .split(/[,;]/)
      .map((one) => one.split('=').map((part) => part.trim()))
      .map(([name = '', value = '']) => [name, value] as const),
  );
  const wait = Number(given.get('wait') ?? '');
  return {
    waitSeconds: wait > 0 ? Math.min(wait, limits.logsQuerySecondsMax) : defaultWaitSeconds,
    statistics: given.get('include-statistics') === 'true',
    render: given.get('include-render') === 'true',
  };
}
