import type { ReactNode } from 'react';
import { FieldError, Input, Label, Text, TextField as AriaTextField } from 'react-aria-components';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly note?: string;
  readonly error?: string | undefined;
  readonly isDisabled?: boolean;
  readonly inputMode?: 'numeric' | 'text';
  readonly type?: 'text' | 'password';
}

export function TextField({ label, note, error, inputMode = 'text', ...rest }: TextFieldProps): ReactNode {
  return (
    <AriaTextField {...rest} className="field" isInvalid={error !== undefined} validationBehavior="aria">
      <Label>{label}</Label>
      <Input className="input" inputMode={inputMode} autoComplete="off" spellCheck={false} />
      {note !== undefined && (
        <Text slot="description" className="field-note">
          {note}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </AriaTextField>
  );
}
