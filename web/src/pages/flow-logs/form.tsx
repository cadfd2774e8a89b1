import type { ReactNode } from 'react';
import { useState } from 'react';
import { ApiError } from '../../api/client.ts';
import type { Choices, FlowLog, FlowLogBody } from '../../api/flow-logs.ts';
import { useChoices, useSaveFlowLog } from '../../api/flow-logs.ts';
import { Button } from '../../controls/button.tsx';
import { Segmented } from '../../controls/segmented.tsx';
import { Select } from '../../controls/select.tsx';
import { TextField } from '../../controls/text-field.tsx';
import { Toggle } from '../../controls/toggle.tsx';
import { ErrorNote } from '../../panels/states.tsx';
import { fieldErrors } from './field-errors.ts';

export interface FlowLogFormProps {
  /** Absent: a new one. */
  readonly log: FlowLog | undefined;
  readonly targetId: string | undefined;
  readonly isOperator: boolean;
  readonly saved: () => void;
}

interface Draft {
  readonly name: string;
  readonly targetId: string;
  readonly accountId: string;
  readonly enabled: boolean;
  readonly version: '1' | '2';
  readonly retentionDays: string;
  readonly trafficAnalytics: boolean;
}

export function FlowLogForm({ log, targetId, isOperator, saved }: FlowLogFormProps): ReactNode {
  const choices = useChoices();
  const save = useSaveFlowLog();
  const [draft, setDraft] = useState<Draft>(() => draftOf(log, targetId));
  const edit = (changes: Partial<Draft>): void => {
    save.reset();
    setDraft((old) => ({ ...old, ...changes }));
  };
  const { targets = [], accounts = [] } = choices.data ?? {};
  const target = targets.find(({ id }) => sameId(id, draft.targetId));
  const isNsg = (target?.kind ?? log?.target.kind ?? 'NSG').toUpperCase() === 'NSG';
  const errors = fieldErrors(save.error instanceof ApiError ? save.error.body : undefined);
  const isRetentionWrong = !/^\d{1,3}$/.test(draft.retentionDays) || Number(draft.retentionDays) > 365;
  const name = draft.name.trim() === '' && target !== undefined ? suggestedName(target) : draft.name.trim();
  const submit = (): void => {
    if (isRetentionWrong) return;
    save.mutate(bodyOf({ ...draft, name }, target?.location ?? log?.location ?? ''), { onSuccess: saved });
  };
  return (
    <form
      className="drawer-section flow-log-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {choices.isError && <ErrorNote error={choices.error} />}
      {save.isError && errors.isElsewhere && <ErrorNote error={save.error} />}
      <Select
        label="Target"
        value={target?.id ?? draft.targetId}
        onChange={(id) => edit({ targetId: id })}
        choices={targetChoices(choices.data, log)}
        isDisabled={!isOperator || log !== undefined}
        error={errors.of('target')}
      />
      {log === undefined && (
        <TextField
          label="Name"
          value={draft.name}
          onChange={(value) => edit({ name: value })}
          note={target === undefined ? 'Empty: made from the target' : `Empty: ${suggestedName(target)}`}
          error={errors.of('name')}
        />
      )}
      <Select
        label="Storage account"
        value={accounts.find(({ id }) => sameId(id, draft.accountId))?.id ?? draft.accountId}
        onChange={(id) => edit({ accountId: id })}
        choices={accounts.map(({ id, name: label, location }) => ({ id, label, detail: location }))}
        isDisabled={!isOperator}
        {...(target === undefined ? {} : { note: `The account has to be in ${target.location}, as its target is.` })}
        error={errors.of('account')}
      />
      <TextField
        label="Retention in days"
        value={draft.retentionDays}
        onChange={(value) => edit({ retentionDays: value })}
        inputMode="numeric"
        note="0 keeps everything; at most 365"
        isDisabled={!isOperator}
        error={errors.of('retentionDays') ?? (isRetentionWrong ? 'Write a whole number from 0 to 365.' : undefined)}
      />
      {isNsg && (
        <div className="field">
          <span className="label">Version</span>
          <Segmented
            label="Version"
            value={draft.version}
            onChange={(version) => isOperator && edit({ version })}
            options={[
              { id: '1', label: '1, without counters' },
              { id: '2', label: '2, with counters' },
            ]}
          />
          {errors.of('version') !== undefined && <span className="field-error">{errors.of('version')}</span>}
        </div>
      )}
      <Toggle isSelected={draft.enabled} onChange={(enabled) => edit({ enabled })} isDisabled={!isOperator}>
        Log flows
      </Toggle>
      <Toggle
        isSelected={draft.trafficAnalytics}
        onChange={(trafficAnalytics) => edit({ trafficAnalytics })}
        isDisabled={!isOperator}
      >
        Traffic Analytics
      </Toggle>
      {errors.of('trafficAnalytics') !== undefined && (
        <span className="field-error">{errors.of('trafficAnalytics')}</span>
      )}
      {isOperator && (
        <div className="dialog-foot">
          <Button kind="primary" type="submit" isDisabled={save.isPending || draft.targetId === ''}>
            {log === undefined ? 'Create' : 'Save'}
          </Button>
        </div>
      )}
      {!isOperator && <p className="field-note">You may look at flow logs, not change them.</p>}
    </form>
  );
}

function draftOf(log: FlowLog | undefined, targetId = ''): Draft {
  return {
    name: log?.name ?? '',
    targetId: log?.target.id ?? targetId,
    accountId: log?.account.id ?? '',
    enabled: log?.enabled ?? true,
    version: log?.version === 1 ? '1' : '2',
    retentionDays: String(log?.retentionDays ?? 0),
    trafficAnalytics: log?.trafficAnalytics ?? false,
  };
}

function bodyOf(draft: Draft, location: string): FlowLogBody {
  return {
    name: draft.name,
    target: { id: draft.targetId },
    account: { id: draft.accountId },
    location,
    enabled: draft.enabled,
    version: Number(draft.version),
    retentionDays: Number(draft.retentionDays),
    trafficAnalytics: draft.trafficAnalytics,
  };
}

/** Azure's portal makes names of this form. */
function suggestedName({ name }: { readonly name: string }): string {
  return `${name.replaceAll('/', '-')}-flowlog`;
}

function targetChoices(
  choices: Choices | undefined,
  log: FlowLog | undefined,
): { id: string; label: string; detail: string }[] {
  const listed = (choices?.targets ?? []).map(({ id, name, kind, location }) => ({
    id,
    label: name,
    detail: `${kind} · ${location}`,
  }));
  if (log === undefined || listed.some(({ id }) => sameId(id, log.target.id))) return listed;
  return [...listed, { id: log.target.id, label: log.target.name, detail: log.target.kind }];
}

/** Ids of Azure's resources are equal in any case. */
function sameId(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
