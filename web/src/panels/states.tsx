/** What stands where data would: errors, nothing, waiting. */
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { Button } from '../controls/button.tsx';

export function ErrorNote({ error, retry }: { readonly error: unknown; readonly retry?: () => void }): ReactNode {
  const body = error instanceof ApiError ? error.body : undefined;
  return (
    <div className="note" role="alert">
      <TriangleAlert className="icon" aria-hidden />
      <p>
        {body?.message ?? (error instanceof Error ? error.message : 'The page failed.')}
        {body?.hint !== undefined && <span className="note-hint"> {body.hint}</span>}
      </p>
      {retry !== undefined && (
        <Button kind="quiet" onPress={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="empty">{children}</div>;
}

/** Pages of things that a lake alone does not have. */
export function NeedsService({ what }: { readonly what: string }): ReactNode {
  return (
    <section className="panel" aria-label={what}>
      <Empty>
        <p>
          {what} belong to a running service. This console shows a lake only. Start{' '}
          <span className="mono">nsgflow serve</span> and open the address that it prints.
        </p>
      </Empty>
    </section>
  );
}
