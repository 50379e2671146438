/** The field of one variable. */
import { ProblemSummary, TextField, type FormProblem } from '../fields.tsx'
import { VALUE_MAX, type VariableField } from '../flow/variables.ts'
import { Name } from '../parts.tsx'
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
  const hint = [field.hint, kept ? settings.kept : undefined].filter(part => part !== undefined).join(' ')
  const shared = { id, name: key, label, problem, required: required && !kept, ...(hint === '' ? {} : { hint }) }
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
  readonly hint: string
}

/** As of every field: its label, what it is for, what is wrong with it. */
function Around({ field: { id, label, required }, problem, hint, children }: OwnProps & { readonly children: preact.ComponentChildren }) {
  return (
    <div class={problem === undefined ? 'field' : 'field wrong'}>
      <label for={id}>
        <Name>{label}</Name>
        {required ? null : <span class="optional"> {texts.form.optional}</span>}
      </label>
      {hint === '' ? null : (
        <p class="hint" id={`${id}-hint`}>
          <Name>{hint}</Name>
        </p>
      )}
      {problem === undefined ? null : (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
      {children}
    </div>
  )
}

function sharedOf({ field: { id, key, required }, problem, hint }: OwnProps) {
  const described = [...(hint === '' ? [] : [`${id}-hint`]), ...(problem === undefined ? [] : [`${id}-problem`])].join(' ')
  return {
    id,
    name: key,
    required,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': described === '' ? undefined : described,
  } as const
}

function Select(props: OwnProps) {
  const { field, value } = props
  const { settings } = texts
  return (
    <Around {...props}>
      <select {...sharedOf(props)}>
        {field.empty ? <option value="">{field.required ? settings.choose : settings.none}</option> : null}
        {field.options.map(option => (
          <option value={option.value} selected={option.value === value}>
            {option.label}
          </option>
        ))}
      </select>
    </Around>
  )
}

function Area(props: OwnProps) {
  const { field, value } = props
  return (
    <Around {...props}>
      <textarea {...sharedOf(props)} dir="auto" rows={6} maxLength={VALUE_MAX} spellcheck={false} class={field.kind === 'json' ? 'code' : undefined}>
        {value}
      </textarea>
    </Around>
  )
}

/** Before the fields, with links to those that are wrong. */
export function Summary({ problems }: { readonly problems: readonly FormProblem[] }) {
  return problems.length === 0 ? null : <ProblemSummary title={texts.form.check} problems={problems} />
}
