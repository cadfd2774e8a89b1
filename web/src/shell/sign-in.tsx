import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { ApiError } from '../api/client.ts';
import { signIn } from '../api/session.ts';
import { Button } from '../controls/button.tsx';
import { TextField } from '../controls/text-field.tsx';
import { ErrorNote } from '../panels/states.tsx';
import { Mark } from './mark.tsx';

/** Shown where there is no session: the printed address was not opened, or the service was started again. */
export function SignIn({ error }: { readonly error: unknown }): ReactNode {
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [refusal, setRefusal] = useState<string>();
  const submit = async (): Promise<void> => {
    try {
      await signIn(text.trim().replace(/^.*#token=/, ''));
      await client.invalidateQueries({ queryKey: ['session'] });
    } catch (failure) {
      setRefusal(failure instanceof ApiError ? failure.message : String(failure));
    }
  };
  const isSignedOut = error instanceof ApiError && error.status === 401;
  return (
    <main className="sign-in">
      <section className="panel" aria-label="Sign in">
        <form
          className="dialog"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <div className="rail-mark">
            <Mark />
            <h1>nsgflow</h1>
          </div>
          {isSignedOut ? (
            <>
              <p>
                Open the address that <span className="mono">nsgflow serve</span> or{' '}
                <span className="mono">nsgflow console</span> printed at its start, or paste it here.
              </p>
              <TextField
                label="Address or token"
                type="password"
                value={text}
                onChange={setText}
                error={refusal}
                note="A token lasts until the service ends. Each start prints a new one."
              />
              <div className="dialog-foot">
                <Button kind="primary" type="submit" isDisabled={text.trim() === ''}>
                  Sign in
                </Button>
              </div>
            </>
          ) : (
            <ErrorNote error={error} />
          )}
        </form>
      </section>
    </main>
  );
}
