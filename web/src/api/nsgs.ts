import type { UseQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import { requestJson } from './client.ts';

export interface Nsg {
  readonly name: string;
  /** Names of subnets and NICs. */
  readonly attachedTo: readonly string[];
  readonly nics: number;
  readonly flowLog?: { readonly id: string; readonly name: string };
  readonly rules: number;
}

export interface RuleDefinition {
  readonly name: string;
  readonly direction: 'inbound' | 'outbound';
  readonly priority: number;
  readonly access: 'allow' | 'deny';
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
  readonly isDefault: boolean;
  readonly description?: string;
}

export function useNsgs(isEnabled: boolean): UseQueryResult<readonly Nsg[]> {
  return useGet('nsgs', isEnabled);
}

export function useRules(nsg: string, isEnabled: boolean): UseQueryResult<readonly RuleDefinition[]> {
  return useGet(`nsgs/${encodeURIComponent(nsg)}/rules`, isEnabled);
}

function useGet<T>(path: string, isEnabled: boolean): UseQueryResult<T> {
  return useQuery({
    queryKey: ['service', path],
    queryFn: ({ signal }) => requestJson<T>(path, { signal }),
    enabled: isEnabled,
    staleTime: 60_000,
  });
}
