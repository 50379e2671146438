/** The field of one variable. */
import { attributesOf, Field, ProblemSummary, TextField, type FormProblem } from '../fields.tsx'
import { VALUE_MAX, type VariableField } from '../flow/variables.ts'
import { texts } from '../texts.ts'

export interface InputProps {
  readonly field: VariableField
  /** What was typed, where it was not taken. */
  readonly typed?: string | undefined
  readonly problem?: string | undefined
}

export function Input({ field, typed, problem }: InputProps) {
  const { key, id, label, kind, required, kept } = field
  const { settings } = texts
  const parts = [field.hint, kept ? settings.kept : undefined].filter(part => part !== undefined)
  const hint = parts.length === 0 ? undefined : parts.join(' ')
  const shared = { id, name: key, label, problem, required: required && !kept, hint }
  const value = typed ?? field.value
  switch (kind) {
    case 'choice':
      return <Select field={field} value={value} problem={problem} hint={hint} />
    case 'area':
    case 'json':
      return <Area field={field} value={value} problem={problem} hint={hint} />
    case 'secret':
      return <TextField {...shared} secret maxLength={VALUE_MAX} />
    case 'text':
    case 'number':
      return <TextField {...shared} value={value} maxLength={VALUE_MAX} />
  }
}

interface OwnProps {
  readonly field: VariableField
  readonly value: string
  readonly problem: string | undefined
  readonly hint: string | undefined
}

function Select({ field, value, problem, hint }: OwnProps) {
  const { settings } = texts
  const { id, key, label, required } = field
  return (
    <Field {...{ id, label, hint, problem, required }}>
      <select {...attributesOf({ id, hint, problem, required })} name={key}>
        {field.empty ? <option value="">{required ? settings.choose : settings.none}</option> : null}
        {field.options.map(option => (
          <option value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  )
}

function Area({ field: { id, key, label, required, kind }, value, problem, hint }: OwnProps) {
  const code = kind === 'json' ? 'code' : undefined
  return (
    <Field {...{ id, label, hint, problem, required }}>
      <textarea {...attributesOf({ id, hint, problem, required })} name={key} dir="auto" rows={6} maxLength={VALUE_MAX} spellcheck={false} class={code}>
        {value}
      </textarea>
    </Field>
  )
}

/** Before the fields, with links to those that are wrong. */
export function Summary({ problems }: { readonly problems: readonly FormProblem[] }) {
  return problems.length === 0 ? null : <ProblemSummary title={texts.form.check} problems={problems} />
}
