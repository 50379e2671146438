/** Fields of forms: each with its label, what it is for, and what is wrong with it; and what is wrong, in one place, before them. */
import type { ComponentChildren } from 'preact'
import { Name } from './parts.tsx'
import { texts } from './texts.ts'

interface Labelled {
  readonly id: string
  readonly label: string
  readonly hint?: string | undefined
  /** What is wrong with what was sent. */
  readonly problem?: string | undefined
  readonly required?: boolean | undefined
}

/** Around every field: its label, what it is for, what is wrong with it. */
export const Field = ({ id, label, hint, problem, required, children }: Labelled & { readonly children: ComponentChildren }) => (
  <div class={problem === undefined ? 'field' : 'field wrong'}>
    <label for={id}>
      <Name>{label}</Name>
      {required === true ? null : <span class="optional"> {texts.form.optional}</span>}
    </label>
    {hint === undefined ? null : (
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

/** Of the element in a `Field`: it is described by what stands around it. */
export function attributesOf({ id, hint, problem, required }: Omit<Labelled, 'label'>) {
  const described = [...(hint === undefined ? [] : [`${id}-hint`]), ...(problem === undefined ? [] : [`${id}-problem`])]
  return {
    id,
    required: required === true,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': described.length === 0 ? undefined : described.join(' '),
  } as const
}

export interface FieldProps extends Labelled {
  readonly name: string
  readonly value?: string | undefined
  /** It is not shown as it is typed, and browsers do not keep it. */
  readonly secret?: boolean
  readonly maxLength: number
}

export function TextField({ name, value, secret, maxLength, ...field }: FieldProps) {
  const shared = { ...attributesOf(field), name, dir: 'auto', maxLength, autocapitalize: 'none', spellcheck: false } as const
  return (
    <Field {...field}>
      {secret === true ? (
        <input type="password" autocomplete="new-password" {...shared} />
      ) : (
        <input type="text" autocomplete="off" value={value ?? ''} {...shared} />
      )}
    </Field>
  )
}

export interface FormProblem {
  /** Id of the field; left out, it is about the whole. */
  readonly field?: string
  readonly label?: string
  readonly message: string
}

/** Before a form whose content was not taken. A script puts the focus there. `children`: more about it. */
export function ProblemSummary({
  title,
  problems,
  children,
}: {
  readonly title: string
  readonly problems: readonly FormProblem[]
  readonly children?: ComponentChildren
}) {
  return (
    <div class="notice bad" role="alert" id="problems" tabIndex={-1} aria-labelledby="problems-title">
      <h2 id="problems-title">{title}</h2>
      {problems.length === 0 ? null : (
        <ul role="list">
          {problems.map(({ field, label, message }) => (
            <li>
              {field === undefined ? (
                <Name>{message}</Name>
              ) : (
                <a href={`#${field}`}>
                  <Name>{label === undefined ? message : `${label}: ${message}`}</Name>
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
      {children}
    </div>
  )
}
