/** The variables that users set when they install something: how each is asked, and what is made of what they typed (cycles.md 1, marketplace.md 4). */
import { equal } from '../../../domain/compare.ts'
import type { CycleDocument, Variable } from '../../../domain/document.ts'
import type { Json } from '../../../domain/json.ts'
import { readVariables, type PackageTemplate } from '../../../domain/package-variables.ts'
import { prerequisitesOf } from '../../../domain/prerequisites.ts'
import type { Session } from '../session.ts'
import { texts } from '../texts.ts'
import type { Draft } from './draft.ts'
import type { Subject } from './subject.ts'

/** Longest value that a form takes, in characters. */
export const VALUE_MAX = 20_000

/** How it is asked. `area`: text of several lines. `json`: any other value. `choice`: one of its options. */
export type VariableKind = 'text' | 'area' | 'number' | 'json' | 'choice' | 'secret'

export interface VariableField {
  /** `{templateId}.{variable}`: in the form and in the draft. */
  readonly key: string
  /** Of its element. */
  readonly id: string
  /** Name of its template. */
  readonly template: string
  readonly label: string
  readonly hint?: string
  readonly kind: VariableKind
  readonly required: boolean
  /** As it stands in the form; of a secret one always empty. */
  readonly value: string
  /** Of a secret one: there is a value already, which stays where nothing is typed. */
  readonly kept: boolean
  /** Of `choice`; values as they stand in the form. */
  readonly options: readonly { readonly label: string; readonly value: string; readonly is: Json }[]
  /** Of `choice`: nothing may, or must first, stand there. */
  readonly empty: boolean
  /** The template gives it a value, which an empty field takes away. */
  readonly preset: boolean
}

const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

function kindOf({ secret, options, value }: Variable): VariableKind {
  if (secret === true) return 'secret'
  if (options !== undefined || typeof value === 'boolean') return 'choice'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'object' && value !== null) return 'json'
  return typeof value === 'string' && value.includes('\n') ? 'area' : 'text'
}

const optionsOf = ({ options, value }: Variable): VariableField['options'] => {
  const { yes, no } = texts.settings
  const flags = [
    { label: yes, value: true },
    { label: no, value: false },
  ]
  return (options ?? (typeof value === 'boolean' ? flags : [])).map(option => ({ label: option.label, value: JSON.stringify(option.value), is: option.value }))
}

/** All of them, in the order of the templates and of their documents. `hints`: descriptions are shown. */
export function variableFields({ templates }: Pick<Subject, 'templates'>, { variables = {} }: Draft, hints: boolean): readonly VariableField[] {
  const given = new Map(Object.entries(variables))
  const all = templates.flatMap(template => (template.document.variables ?? []).map(variable => ({ template, variable })))
  return all
    .filter(({ variable }) => variable.userConfigurable === true)
    .map(({ template, variable }, at): VariableField => {
      const { name, label, description } = variable
      const key = `${template.id}.${name}`
      const kind = kindOf(variable)
      const now = given.has(key) ? given.get(key) : variable.value
      // Emptied it has no value, and is required by default then (cycles.md 1).
      const required = (variable.required ?? true) || verifiersOf(template.document).has(name)
      const options = optionsOf(variable)
      const chosen = options.find(option => now !== undefined && equal(option.is, now))
      return {
        key,
        id: `variable-${at}`,
        template: template.name,
        label: label ?? name,
        ...(hints && description !== undefined && description.trim() !== '' ? { hint: description } : {}),
        kind,
        required,
        value: kind === 'secret' ? '' : kind === 'choice' ? (chosen?.value ?? '') : textOf(now),
        kept: kind === 'secret' && !isEmpty(now),
        options,
        empty: !required || chosen === undefined,
        preset: !isEmpty(variable.value),
      }
    })
}

/** Those that verify senders are always required: without them none would pass. */
const verifiersOf = (document: CycleDocument): ReadonlySet<string> =>
  new Set(
    prerequisitesOf({ ...document, variables: (document.variables ?? []).map(({ name }) => ({ name, required: false })) }).map(({ objectId }) => objectId),
  )

const textOf = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, typeof value === 'object' ? 2 : undefined)

/** `keep`: what is there stays. `unset`: the template's own emptiness. */
export type ReadField = { readonly value: Json } | { readonly leave: 'keep' | 'unset' } | { readonly problem: string }

/** What was typed, as a value; or what is wrong with it, in words. */
export function readField({ kind, required, kept, options, preset }: VariableField, sent: string): ReadField {
  const { form, settings } = texts
  const text = kind === 'secret' ? sent : kind === 'area' || kind === 'json' ? sent.replaceAll('\r\n', '\n') : sent.trim()
  if (text.length > VALUE_MAX) return { problem: form.tooLong(VALUE_MAX) }
  if (text.trim() === '') {
    if (kept) return { leave: 'keep' }
    if (required) return { problem: kind === 'choice' ? form.choose : form.missing }
    return preset ? { value: '' } : { leave: 'unset' }
  }
  switch (kind) {
    case 'choice': {
      const option = options.find(({ value }) => value === text)
      return option === undefined ? { problem: form.choose } : { value: option.is }
    }
    case 'number': {
      const value = Number(text)
      return Number.isFinite(value) ? { value } : { problem: settings.number }
    }
    case 'json':
      try {
        const value: Json = JSON.parse(text)
        return { value }
      } catch {
        return { problem: settings.json }
      }
    case 'text':
    case 'area':
    case 'secret':
      return { value: text }
  }
}

export interface ReadForm {
  /** With everything that is right; what is wrong is asked again. */
  readonly draft: Draft
  readonly problems: readonly { readonly key: string; readonly message: string }[]
  /** What is wrong with all of it together. */
  readonly whole?: string
}

/** The fields of one page. */
export function readForm(subject: Pick<Subject, 'templates'>, draft: Draft, fields: readonly VariableField[], form: URLSearchParams): ReadForm {
  const values = new Map(Object.entries(draft.variables ?? {}))
  const problems: { key: string; message: string }[] = []
  const settled = new Set(draft.settled)
  for (const field of fields) {
    const read = readField(field, form.get(field.key) ?? '')
    if ('problem' in read) problems.push({ key: field.key, message: read.problem })
    else if ('value' in read) values.set(field.key, read.value)
    else if (read.leave === 'unset') values.delete(field.key)
    if (!('problem' in read)) settled.add(field.key)
  }
  const templates = subject.templates.map(({ id, document }): PackageTemplate => ({ id, document }))
  // What the installation would refuse.
  const refused = readVariables(Object.fromEntries(values), templates, plain => plain).problems
  let whole: string | undefined
  for (const { path, message } of refused) {
    const field = fields.find(({ key }) => path === `Variables[${JSON.stringify(key)}]`)
    if (field === undefined) {
      if (path === 'Variables') whole = texts.settings.tooMuch
      continue
    }
    problems.push({ key: field.key, message })
    values.delete(field.key)
    settled.delete(field.key)
  }
  // Together they are more than fits: nothing of this page is kept.
  if (whole !== undefined) return { draft, problems, whole }
  return { draft: { ...draft, variables: Object.fromEntries(values), settled: [...settled] }, problems }
}

/** What the installation is told: of variables that are there still. */
export function chosenVariables(subject: Pick<Subject, 'templates'>, draft: Draft): { readonly [name: string]: Json } {
  const known = new Set(variableFields(subject, draft, false).map(({ key }) => key))
  return Object.fromEntries(Object.entries(draft.variables ?? {}).filter(([key]) => known.has(key)))
}

/** One page for each variable. */
export const isWizard = ({ visit: { to } }: Session): boolean => to.page === 'launch' && to.wizard

/** Descriptions are shown: in the marketplace always. */
export const showsHints = ({ visit: { to } }: Session): boolean => to.page !== 'launch' || to.displayDescriptions

/** Of the steps of an installation: something is to be set, or to be looked at once. */
export function askVariables(session: Session, subject: Subject, draft: Draft): string | undefined {
  const at = variableFields(subject, draft, false).findIndex(({ key }) => draft.settled?.includes(key) !== true)
  return at < 0 ? undefined : isWizard(session) ? `/settings?at=${at + 1}` : '/settings'
}
