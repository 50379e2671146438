/** What the form of a connector has: its settings, and what its kind of authentication wants. */
import type { ConnectorDocument } from '../../../domain/connector.ts'
import type { Problem } from '../../../domain/errors.ts'
import type { FormProblem } from '../fields.tsx'
import { texts } from '../texts.ts'

export interface ConnectField {
  readonly id: string
  /** In the form. */
  readonly name: string
  /** As the API calls it where it tells what is wrong. */
  readonly path: string
  readonly label: string
  readonly hint?: string
  readonly required: boolean
  readonly secret: boolean
  readonly maxLength: number
}

const SETTING_MAX = 2_000
const CREDENTIAL_MAX = 20_000

export const settingFields = ({ settings = [] }: ConnectorDocument): readonly ConnectField[] =>
  settings.map(({ name, label = name, description, required }, at) => ({
    id: `setting-${at}`,
    name: `setting.${name}`,
    path: `Settings.${name}`,
    label,
    ...(description === undefined ? {} : { hint: description }),
    required: required === true,
    secret: false,
    maxLength: SETTING_MAX,
  }))

type CredentialName = 'authValue' | 'username' | 'password'

const credential = (name: CredentialName, path: string, label: string, secret: boolean, required = true): ConnectField => ({
  id: name,
  name,
  path,
  label,
  required,
  secret,
  maxLength: CREDENTIAL_MAX,
})

export function credentialFields({ authentication: { type } }: ConnectorDocument): readonly ConnectField[] {
  const { labels } = texts.connect
  switch (type) {
    case 'apiKey':
      return [credential('authValue', 'AuthValue', labels.apiKey, true)]
    case 'bearer':
      return [credential('authValue', 'AuthValue', labels.bearer, true)]
    case 'basic':
      // Some applications take a key as the name, and no password.
      return [credential('username', 'Username', labels.username, false), credential('password', 'Password', labels.password, true, false)]
    case 'none':
    case 'oauth2':
      return []
  }
}

/** What was typed; a setting that was left empty is none. */
export const settingsFrom = (document: ConnectorDocument, form: URLSearchParams): { readonly [name: string]: string } =>
  Object.fromEntries(
    (document.settings ?? []).flatMap(({ name }): [string, string][] => {
      const value = (form.get(`setting.${name}`) ?? '').trim()
      return value === '' ? [] : [[name, value]]
    }),
  )

export const credentialsFrom = (document: ConnectorDocument, form: URLSearchParams): { readonly [name: string]: string } =>
  Object.fromEntries(credentialFields(document).map(({ name, secret }) => [name, secret ? (form.get(name) ?? '') : (form.get(name) ?? '').trim()]))

/** Of fields that are too long, or empty and must not be. */
export const problemsIn = (fields: readonly ConnectField[], form: URLSearchParams): readonly FormProblem[] =>
  fields.flatMap(({ id, name, label, required, maxLength }): FormProblem[] => {
    const value = form.get(name) ?? ''
    if (required && value.trim() === '') return [{ field: id, label, message: texts.form.missing }]
    return value.length > maxLength ? [{ field: id, label, message: texts.form.tooLong(maxLength) }] : []
  })

/** What the API found wrong, at the fields where it is. */
export const problemsOf = (fields: readonly ConnectField[], problems: readonly Problem[]): readonly FormProblem[] =>
  problems.map(({ path, message }) => {
    const field = fields.find(one => one.path === path)
    return field === undefined ? { message: `${path} ${message}`.trim() } : { field: field.id, label: field.label, message }
  })
