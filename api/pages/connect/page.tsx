/** The page that a connector is connected on: one after the other, whichever way it is authenticated (connectors.md 2). */
import type { ComponentChildren } from 'preact'
import type { Answer } from '../../route.ts'
import type { ConnectorNeed } from '../flow/connectors.ts'
import type { Subject } from '../flow/subject.ts'
import { ProblemSummary, TextField, type FormProblem } from '../fields.tsx'
import { pageOf } from '../layout.tsx'
import { Picture } from '../marketplace/cards.tsx'
import { Form, Name, Notice } from '../parts.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import { hasLostAccess, type Asked } from './asked.ts'
import { credentialFields, settingFields, type ConnectField } from './fields.ts'

export interface ConnectPage {
  readonly view: View
  readonly subject: Subject
  /** All that the installation needs. */
  readonly needs: readonly ConnectorNeed[]
  readonly asked: Asked
  /** Of `visit`: the link to the application, as a path. */
  readonly link?: string
  /** It opens in this window. */
  readonly inline: boolean
  /** The user said to go on, and it is not connected. */
  readonly waited?: boolean
  /** What was typed, by names of fields; never a secret. */
  readonly typed?: { readonly [name: string]: string | undefined }
  readonly problems?: readonly FormProblem[]
  /** What the application answered. */
  readonly answer?: string
}

export function connectPage(page: ConnectPage): Answer {
  const { view, subject, needs, asked, problems = [], answer, waited } = page
  const { connect } = texts
  const { name, definition } = asked.need.connector.value
  const title = hasLostAccess(asked) ? connect.againTitle(name) : connect.title(name)
  const failed = problems.length > 0 || answer !== undefined
  return pageOf(
    view,
    { title: `${title} · ${subject.title}`, narrow: true, scripts: ['connect.js'], status: failed ? 422 : 200 },
    <section class="panel connect">
      <Progress needs={needs} asked={asked} />
      <div class="top">
        <Picture image={definition.icon} name={name} />
        <div>
          <p class="muted small">
            <Name>{connect.for(subject.title)}</Name>
          </p>
          <h1>
            <Name>{title}</Name>
          </h1>
        </div>
      </div>
      {definition.description === undefined ? null : (
        <p class="description">
          <Name>{definition.description}</Name>
        </p>
      )}
      {failed ? (
        <ProblemSummary title={answer === undefined ? texts.form.check : connect.failed} problems={problems}>
          {answer === undefined ? null : (
            <>
              <p>
                <Name>{connect.answer(name)}</Name>
              </p>
              <pre class="answer" dir="auto">
                {answer}
              </pre>
            </>
          )}
        </ProblemSummary>
      ) : hasLostAccess(asked) ? (
        <p>{connect.again}</p>
      ) : null}
      {waited === true && !failed ? <Notice kind="bad">{connect.notYet(name)}</Notice> : null}
      <Content page={page} />
      <WaysOut page={page} />
    </section>,
  )
}

function Content({ page }: { readonly page: ConnectPage }) {
  switch (page.asked.kind) {
    case 'choose':
      return <Choice page={page} />
    case 'credentials':
      return <Credentials page={page} />
    case 'settings':
      return <Settings page={page} />
    case 'visit':
      return <Visit page={page} />
  }
}

/** Where there are several: which are connected, and which comes. */
function Progress({ needs, asked }: { readonly needs: readonly ConnectorNeed[]; readonly asked: Asked }) {
  const { connect } = texts
  if (needs.length < 2) return null
  return (
    <ol class="steps across" role="list" aria-label={connect.connections}>
      {needs.map(({ connector, used }) => {
        const state = used !== undefined ? 'done' : connector.id === asked.need.connector.id ? 'running' : 'waiting'
        return (
          <li class={state} aria-current={state === 'running' ? 'step' : undefined}>
            <span class="mark" aria-hidden="true" />
            <Name>{connector.value.name}</Name>
            <span class="step-state">{connect.state[state]}</span>
          </li>
        )
      })}
    </ol>
  )
}

/** A form of one connector; `does`: what is sent with it. */
function ConnectForm({
  page,
  does,
  name,
  children,
}: {
  readonly page: ConnectPage
  readonly does: string
  readonly name: string
  readonly children: ComponentChildren
}) {
  const { view, subject, asked } = page
  return (
    <Form view={view} name={name} action={`${subject.base}/connect`}>
      <input type="hidden" name="does" value={does} />
      <input type="hidden" name="connector" value={asked.need.connector.id} />
      <input type="hidden" name="id" value={asked.connecting.id} />
      {children}
    </Form>
  )
}

function Fields({ page, fields }: { readonly page: ConnectPage; readonly fields: readonly ConnectField[] }) {
  const { typed = {}, problems = [], asked } = page
  return (
    <>
      {fields.map(({ path, secret, ...field }) => {
        const setting = path.startsWith('Settings.') ? path.slice('Settings.'.length) : undefined
        const kept = setting === undefined ? undefined : (asked.connecting.settings ?? asked.before?.value.settings)?.[setting]
        return (
          <TextField
            {...field}
            secret={secret}
            value={secret ? undefined : (typed[field.name] ?? kept)}
            problem={problems.find(problem => problem.field === field.id)?.message}
          />
        )
      })}
    </>
  )
}

/** What sends the form that it stands in. */
const Submit = ({ look = 'primary', children }: { readonly look?: 'primary' | 'plain'; readonly children: string }) => (
  <p class="actions">
    <button type="submit" class={`button ${look}`}>
      {children}
    </button>
  </p>
)

/** Ways out of what is asked. */
function WaysOut({ page }: { readonly page: ConnectPage }) {
  const { asked, subject, view } = page
  const { connect } = texts
  const several = asked.kind !== 'choose' && asked.need.held.length > 1
  const settings = asked.kind === 'visit' && (asked.need.connector.value.definition.settings ?? []).length > 0
  const way = (does: string, label: string) => (
    <ConnectForm page={page} does={does} name={label}>
      <button type="submit" class="button quiet">
        {label}
      </button>
    </ConnectForm>
  )
  return (
    <div class="actions ways">
      {settings ? way('change', connect.change) : null}
      {several ? way('again', connect.others) : null}
      <Form view={view} name={connect.cancel} action={`${subject.base}/connect`}>
        <input type="hidden" name="does" value="cancel" />
        <button type="submit" class="button quiet">
          {connect.cancel}
        </button>
      </Form>
    </div>
  )
}

function Choice({ page }: { readonly page: ConnectPage }) {
  const { need } = page.asked
  const { connect } = texts
  const { name } = need.connector.value
  const problem = page.problems?.find(({ field }) => field === 'choice-0')?.message
  const options = [
    ...need.held.map(({ id, value }) => ({ value: id, label: value.name, hint: value.status === 'Authenticated' ? undefined : connect.lost })),
    { value: 'another', label: connect.another(name), hint: undefined },
  ]
  return (
    <ConnectForm page={page} does="choose" name={connect.go}>
      <fieldset class="choice" aria-describedby={problem === undefined ? undefined : 'choice-problem'}>
        <legend>
          <Name>{connect.choose(name)}</Name>
        </legend>
        {problem === undefined ? null : (
          <p class="problem" id="choice-problem">
            {problem}
          </p>
        )}
        {options.map(({ value, label, hint }, at) => (
          <label class="option" for={`choice-${at}`}>
            <input type="radio" id={`choice-${at}`} name="choice" value={value} />
            <span>
              <Name>{label}</Name>
              {hint === undefined ? null : <span class="hint"> {hint}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      <Submit>{connect.go}</Submit>
    </ConnectForm>
  )
}

function Credentials({ page }: { readonly page: ConnectPage }) {
  const { connect } = texts
  const { definition, name } = page.asked.need.connector.value
  const secrets = credentialFields(definition)
  return (
    <ConnectForm page={page} does="authenticate" name={connect.connect}>
      <Fields page={page} fields={[...settingFields(definition), ...secrets]} />
      {secrets.length === 0 ? null : <p class="muted small">{connect.kept}</p>}
      <Submit>{connect.connect}</Submit>
      <p class="muted small" role="status" data-busy={connect.trying(name)} />
    </ConnectForm>
  )
}

function Settings({ page }: { readonly page: ConnectPage }) {
  const { connect } = texts
  return (
    <ConnectForm page={page} does="settings" name={connect.go}>
      <Fields page={page} fields={settingFields(page.asked.need.connector.value.definition)} />
      <Submit>{connect.go}</Submit>
    </ConnectForm>
  )
}

function Visit({ page }: { readonly page: ConnectPage }) {
  const { view, subject, asked, link = '', inline } = page
  const { connect } = texts
  const { name } = asked.need.connector.value
  const told = {
    'data-look': view.href(`${subject.base}/connect?account=${asked.connecting.id}`),
    'data-waiting': connect.waiting(name),
    'data-closed': connect.closed,
    'data-connected': connect.connected(name),
  }
  return (
    <>
      <p>
        <Name>{inline ? connect.visitHere(name) : connect.visit(name)}</Name>
      </p>
      <p class="actions">
        {inline ? (
          <a class="button primary" href={view.href(link)}>
            <Name>{connect.open(name)}</Name>
          </a>
        ) : (
          <a class="button primary" id="visit" href={view.href(link)} target="_blank" rel="opener" {...told}>
            <span>
              <Name>{connect.open(name)}</Name> <span aria-hidden="true">↗</span>
            </span>
          </a>
        )}
      </p>
      <p class="muted" role="status" id="visited" />
      {inline ? null : (
        <ConnectForm page={page} does="continue" name={connect.go}>
          <p class="muted small">{connect.after}</p>
          <Submit look="plain">{connect.go}</Submit>
        </ConnectForm>
      )}
    </>
  )
}

/** Everything is connected, and the next step would change something: a user says so. */
export const connectedPage = (view: View, subject: Subject): Answer =>
  pageOf(
    view,
    { title: `${texts.connect.allDone} · ${subject.title}`, narrow: true },
    <section class="panel">
      <p class="muted small">
        <Name>{texts.connect.for(subject.title)}</Name>
      </p>
      <h1>{texts.connect.allDone}</h1>
      <p>{texts.connect.allDoneText}</p>
      <Form view={view} name={texts.connect.go} action={`${subject.base}/connect`}>
        <input type="hidden" name="does" value="continue" />
        <Submit>{texts.connect.go}</Submit>
      </Form>
    </section>,
  )
