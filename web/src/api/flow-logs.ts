import type { UseMutationResult, UseQueryResult } from '@tanstack/react-query';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Check } from '../../../src/advise/check.ts';
import type { CoverageRow } from '../../../src/advise/coverage.ts';
import { requestJson } from './client.ts';

export interface FlowLog {
  readonly id: string;
  readonly name: string;
  readonly target: { readonly id: string; readonly kind: string; readonly name: string };
  readonly enabled: boolean;
  readonly version: number;
  readonly format: string;
  readonly retentionDays: number;
  readonly account: { readonly id: string; readonly name: string; readonly location?: string };
  readonly location: string;
  readonly trafficAnalytics: boolean;
  readonly state: 'delivering' | 'spooling' | 'off' | 'error';
  /** ISO time. */
  readonly lastBlock?: string;
  readonly spooledBlocks?: number;
  readonly error?: string;
}

export interface Target {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly location: string;
}

export interface Choices {
  readonly targets: readonly Target[];
  readonly accounts: readonly { readonly id: string; readonly name: string; readonly location: string }[];
}

/** What a form sends; names of the fields are those of errors. */
export interface FlowLogBody {
  readonly name: string;
  readonly target: { readonly id: string };
  readonly account: { readonly id: string };
  readonly location: string;
  readonly enabled: boolean;
  readonly version: number;
  readonly retentionDays: number;
  readonly trafficAnalytics: boolean;
}

export interface MigrationStep {
  readonly step: 'create' | 'disable' | 'keep';
  readonly name: string;
  readonly location: string;
  readonly targetId: string;
  readonly reason: string;
}

export interface BlobHour {
  readonly account: string;
  readonly container: string;
  readonly name: string;
  /** ISO time of the hour. */
  readonly hour: string;
  readonly mac?: string;
  readonly bytes: number;
  readonly blocks?: number;
}

const refreshMillis = 5000;

export function useFlowLogs(isEnabled = true): UseQueryResult<readonly FlowLog[]> {
  return useGet<readonly FlowLog[]>('flow-logs', isEnabled, refreshMillis);
}

export function useChoices(): UseQueryResult<Choices> {
  return useGet<Choices>('flow-logs/choices', true);
}

export function useCoverage(isEnabled = true): UseQueryResult<readonly CoverageRow[]> {
  return useGet<readonly CoverageRow[]>('coverage', isEnabled, 4 * refreshMillis);
}

export function useAdvice(): UseQueryResult<readonly (Check & { readonly flowLog?: string; readonly fix?: string })[]> {
  return useGet('doctor', true, 12 * refreshMillis);
}

export function useMigration(): UseQueryResult<readonly MigrationStep[]> {
  return useGet<readonly MigrationStep[]>('migration', true);
}

export function useBlobs(id: string): UseQueryResult<readonly BlobHour[]> {
  return useGet<readonly BlobHour[]>(`blobs?flowLog=${encodeURIComponent(id)}`, true, 12 * refreshMillis);
}

export function blobAddress({ account, container, name }: BlobHour): string {
  return `/api/v1/blobs/content?${new URLSearchParams({ account, container, name }).toString()}`;
}

function useGet<T>(path: string, isEnabled: boolean, refetchInterval?: number): UseQueryResult<T> {
  return useQuery({
    queryKey: ['service', path],
    queryFn: ({ signal }) => requestJson<T>(path, { signal }),
    enabled: isEnabled,
    ...(refetchInterval === undefined ? {} : { refetchInterval }),
  });
}

export function useSaveFlowLog(): UseMutationResult<unknown, Error, FlowLogBody> {
  return useChange((body) => requestJson('flow-logs', { method: 'PUT', body }));
}

export function useDeleteFlowLog(): UseMutationResult<unknown, Error, string> {
  return useChange((id) => requestJson(`flow-logs?id=${encodeURIComponent(id)}`, { method: 'DELETE' }));
}

export function useMigrate(): UseMutationResult<unknown, Error, void> {
  return useChange(() => requestJson('migration/apply', { method: 'POST', body: {} }));
}

/** Afterwards all that the service says is asked for again. */
function useChange<Input>(change: (input: Input) => Promise<unknown>): UseMutationResult<unknown, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['service'] }),
  });
}
