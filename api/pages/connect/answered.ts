/** What was sent from the connect page: nothing is stored that the application does not take (connectors.md 1). */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../../domain/errors.ts'
import { changeAccountConnector, createAccountConnector, type StoredAccountConnector } from '../../connectors/account-connectors.ts'
import { guidOf } from '../../routes/lists.ts'
import type { Services } from '../../services.ts'
import type { FormProblem } from '../fields.tsx'
import type { ConnectorNeed } from '../flow/connectors.ts'
import { forgetDraft, saveDraft, type Connecting, type Draft } from '../flow/draft.ts'
import { readChosen } from '../flow/steps.ts'
import type { Subject } from '../flow/subject.ts'
import type { Session } from '../session.ts'
import { texts } from '../texts.ts'
import type { Asked, AskedKind } from './asked.ts'
import { credentialFields, credentialsFrom, problemsIn, problemsOf, settingFields, settingsFrom } from './fields.ts'

/** `on`: to the next step. `connect`: the page again. `back`: the installation is given up. `wrong`: the form again, with what is wrong. */
export type Answered =
  | { readonly kind: 'on' | 'back' }
  | { readonly kind: 'connect'; readonly query: { readonly [name: string]: string } }
  | { readonly kind: 'gone'; readonly names: readonly string[] }
  | {
      readonly kind: 'wrong'
      readonly needs: readonly ConnectorNeed[]
      readonly asked: Asked
      readonly typed: { readonly [name: string]: string }
      readonly problems?: readonly FormProblem[]
      readonly answer?: string
    }

/** Of one connector's form. */
interface Sent {
  readonly services: Services
  readonly session: Session
  readonly draft: Draft
  readonly needs: readonly ConnectorNeed[]
  readonly need: ConnectorNeed
  readonly connecting: Connecting
  readonly before?: StoredAccountConnector
  readonly form: URLSearchParams
  readonly save: (draft: Draft) => Promise<void>
}

export async function answered(services: Services, session: Session, subject: Subject, form: URLSearchParams): Promise<Answered> {
  const does = form.get('does') ?? ''
  if (does === 'cancel') {
    await forgetDraft(services, session, subject)
    return { kind: 'back' }
  }
  const {
    draft,
    needs: { needs, missing },
  } = await readChosen(services, session, subject)
  if (missing.length > 0) return { kind: 'gone', names: missing }
  const need = needs.find(({ connector }) => connector.id === form.get('connector'))
  // A form that was sent twice, or of a connector that is not needed any more: what follows is asked.
  if (need === undefined || need.used !== undefined) return { kind: 'on' }
  const id = guidOf(form.get('id') ?? undefined) ?? randomUUID()
  const before = need.held.find(one => one.id === id)
  const sent: Sent = {
    services,
    session,
    draft,
    needs,
    need,
    connecting: { id, isNew: before === undefined },
    ...(before === undefined ? {} : { before }),
    form,
    save: changed => saveDraft(services, session, subject, changed),
  }
  switch (does) {
    case 'authenticate':
      return authenticate(sent)
    case 'settings':
      return settings(sent)
    case 'choose':
      return choose(sent)
    case 'change':
      return asking(sent, sent.connecting)
    case 'again':
      return asking(sent, undefined)
    default:
      return { kind: 'connect', query: { connector: need.connector.id, waited: '1' } }
  }
}

const withConnecting = ({ draft, need }: Sent, connecting: Connecting | undefined): Draft => {
  const { [need.connector.id]: _, ...others } = draft.connecting ?? {}
  return { ...draft, connecting: connecting === undefined ? others : { ...others, [need.connector.id]: connecting } }
}

/** The page again, for this connector. */
async function asking(sent: Sent, connecting: Connecting | undefined): Promise<Answered> {
  await sent.save(withConnecting(sent, connecting))
  return { kind: 'connect', query: { connector: sent.need.connector.id } }
}

type Wrong = Pick<Extract<Answered, { readonly kind: 'wrong' }>, 'problems' | 'answer'>

/** Settings and names stay as they were typed; a secret is typed again. */
function wrong({ needs, need, connecting, before, form }: Sent, kind: AskedKind, what: Wrong): Answered {
  const { definition } = need.connector.value
  const typed = [...settingFields(definition), ...credentialFields(definition)].flatMap(({ name, secret }): [string, string][] =>
    secret ? [] : [[name, form.get(name) ?? '']],
  )
  return { kind: 'wrong', needs, asked: { kind, need, connecting, ...(before === undefined ? {} : { before }) }, typed: Object.fromEntries(typed), ...what }
}

async function authenticate(sent: Sent): Promise<Answered> {
  const { services, session, need, connecting, before, form } = sent
  const { connector } = need
  const { definition } = connector.value
  const fields = [...settingFields(definition), ...credentialFields(definition)]
  const problems = problemsIn(fields, form)
  if (problems.length > 0) return wrong(sent, 'credentials', { problems })
  const input = { settings: settingsFrom(definition, form), ...credentialsFrom(definition, form) }
  try {
    const { id } =
      before === undefined
        ? await createAccountConnector(services, session.account, connector, input, connecting.id)
        : await changeAccountConnector(services, session.account, before, input)
    await sent.save(withConnecting(sent, { id, isNew: false }))
    return { kind: 'on' }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    switch (error.code) {
      case 'authentication_failed':
        return wrong(sent, 'credentials', { answer: error.problems.map(({ message }) => message).join('\n') })
      case 'request_invalid':
        return wrong(sent, 'credentials', { problems: problemsOf(fields, error.problems) })
      case 'connector_not_found':
        return { kind: 'gone', names: [connector.value.name] }
      case 'record_changed':
      case 'account_connector_not_found':
        return wrong(sent, 'credentials', { problems: [{ message: texts.connect.changed }] })
      default:
        throw error
    }
  }
}

/** Of an application that users are sent to: kept until they are back. */
async function settings(sent: Sent): Promise<Answered> {
  const { services, need, connecting, form } = sent
  const { value } = need.connector
  const fields = settingFields(value.definition)
  const problems = problemsIn(fields, form)
  if (problems.length > 0) return wrong(sent, 'settings', { problems })
  const given = settingsFrom(value.definition, form)
  const obstacle = services.oauth.obstacle(value, given)
  if (obstacle !== undefined) return wrong(sent, 'settings', { answer: obstacle })
  return asking(sent, { ...connecting, settings: given })
}

/** One that is connected is used; one that is not is connected again; or another one is. */
async function choose(sent: Sent): Promise<Answered> {
  const { draft, need, form } = sent
  const choice = form.get('choice')
  const held = need.held.find(({ id }) => id === choice)
  if (held === undefined && choice !== 'another') return wrong(sent, 'choose', { problems: [{ field: 'choice-0', message: texts.form.choose }] })
  if (held === undefined) return asking(sent, { id: randomUUID(), isNew: true })
  if (held.value.status !== 'Authenticated') return asking(sent, { id: held.id, isNew: false })
  await sent.save({ ...withConnecting(sent, undefined), accountConnectors: { ...draft.accountConnectors, [need.connector.id]: held.id } })
  return { kind: 'on' }
}
