import { Download, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { FlowLog } from '../../api/flow-logs.ts';
import { blobAddress, useBlobs, useDeleteFlowLog } from '../../api/flow-logs.ts';
import { mayChange, useOpenSession } from '../../api/session.ts';
import { Button } from '../../controls/button.tsx';
import { bytes, counted } from '../../format/number.ts';
import { dayAndClock } from '../../format/time.ts';
import { Empty, ErrorNote } from '../../panels/states.tsx';
import { FlowLogForm } from './form.tsx';
import { StateTag } from './state-tag.tsx';

export interface DrawerProps {
  readonly selected: string;
  readonly logs: readonly FlowLog[];
  readonly open: (id: string) => void;
  readonly close: () => void;
}

/** One flow log: its state, its settings, its blobs; or the form of a new one. */
export function Drawer({ selected, logs, open, close }: DrawerProps): ReactNode {
  const session = useOpenSession();
  const log = logs.find(({ id }) => id === selected);
  const isNew = selected === 'new' || selected.startsWith('new:');
  if (!isNew && log === undefined) return null;
  const isOperator = mayChange(session);
  return (
    <aside className="panel flow-log-drawer" aria-label={isNew ? 'New flow log' : `Flow log ${log!.name}`}>
      <div className="panel-head">
        <h2>
          <bdi>{isNew ? 'New flow log' : log!.name}</bdi>
        </h2>
        {log !== undefined && <StateTag log={log} />}
        <span className="spread" />
        <Button kind="icon" aria-label="Close" onPress={close}>
          <X className="icon" aria-hidden />
        </Button>
      </div>
      <div className="table-scroll">
        {log?.error !== undefined && (
          <div className="drawer-section">
            <ErrorNote error={new Error(log.error)} />
          </div>
        )}
        <FlowLogForm
          log={log}
          targetId={selected.startsWith('new:') ? selected.slice('new:'.length) : undefined}
          isOperator={isOperator}
          saved={close}
        />
        {log !== undefined && <Blobs id={log.id} />}
        {log !== undefined && isOperator && <Delete log={log} deleted={() => open('')} />}
      </div>
    </aside>
  );
}

const shownMax = 48;

function Blobs({ id }: { readonly id: string }): ReactNode {
  const blobs = useBlobs(id);
  const hours = blobs.data ?? [];
  return (
    <section className="drawer-section" aria-label="Blobs">
      <h3>Blobs, the newest first</h3>
      {blobs.isError && <ErrorNote error={blobs.error} />}
      {blobs.data?.length === 0 && <Empty>No blob yet. The first block comes within a minute of traffic.</Empty>}
      <ul className="blob-list">
        {hours.slice(0, shownMax).map((hour) => (
          <li key={`${hour.container}/${hour.name}`}>
            <a href={blobAddress(hour)} download={downloadName(hour)} title={hour.name}>
              <Download className="icon icon-small" aria-hidden />
              <span className="numbers">{dayAndClock(Date.parse(hour.hour))}</span>
            </a>
            <span className="muted mono small">{hour.mac ?? ''}</span>
            <span className="muted numbers small">
              {bytes(hour.bytes)}
              {hour.blocks !== undefined && ` · ${counted(hour.blocks, 'block')}`}
            </span>
          </li>
        ))}
      </ul>
      {hours.length > shownMax && (
        <p className="small muted">{counted(hours.length - shownMax, 'older blob')} not shown</p>
      )}
    </section>
  );
}

function downloadName({ hour, mac }: { readonly hour: string; readonly mac?: string }): string {
  return `PT1H-${hour.slice(0, 13)}${mac === undefined ? '' : `-${mac}`}.json`;
}

function Delete({ log, deleted }: { readonly log: FlowLog; readonly deleted: () => void }): ReactNode {
  const remove = useDeleteFlowLog();
  const [isSure, setSure] = useState(false);
  return (
    <section className="drawer-section" aria-label="Delete">
      {remove.isError && <ErrorNote error={remove.error} />}
      {isSure ? (
        <>
          <p>
            Delete <strong>{log.name}</strong>? Blobs that exist stay until their retention ends.
          </p>
          <div className="dialog-foot">
            <Button onPress={() => setSure(false)}>Keep it</Button>
            <Button
              kind="danger"
              isDisabled={remove.isPending}
              onPress={() => remove.mutate(log.id, { onSuccess: deleted })}
            >
              Delete
            </Button>
          </div>
        </>
      ) : (
        <div>
          <Button kind="danger" onPress={() => setSure(true)}>
            Delete this flow log
          </Button>
        </div>
      )}
    </section>
  );
}
