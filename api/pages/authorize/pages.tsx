/** What users see around an application's own page: before they go there, and when they are back. */
import type { Authorized } from '../../../activities/connectors/oauth/authorization.ts'
import type { WayBack } from '../../../activities/connectors/oauth/pending.ts'
import type { Answer } from '../../route.ts'
import { pageOf } from '../layout.tsx'
import { Picture } from '../marketplace/cards.tsx'
import { Form, Lines, Name } from '../parts.tsx'
import { texts } from '../texts.ts'
import { bareView, type View } from '../view.ts'
import type { OpenTicket } from './ticket.ts'

/** Asks whoever has no session here whether that is what they want: the link may be somebody else's (decision 21). `view`: with the form's token. */
export function askPage(view: View, ticket: string, { account, connector }: OpenTicket, headers: { readonly [name: string]: string }): Answer {
  const { authorize } = texts
  const { name, definition } = connector.value
  return pageOf(
    view,
    // The application may send users on to wherever they sign in, and browsers ask this page's policy about each of those addresses.
    { title: authorize.title(name), narrow: true, forms: ['https:', 'http:'], headers },
    <section class="panel">
      <Picture image={definition.icon} name={name} />
      <h1>
        <Name>{authorize.title(name)}</Name>
      </h1>
      <dl class="facts">
        <dt>{authorize.application}</dt>
        <dd>
          <Name>{name}</Name>
        </dd>
        <dt>{authorize.account}</dt>
        <dd>
          <Name>{account.name}</Name>
        </dd>
      </dl>
      <p>
        <Name>{authorize.next(name, account.name)}</Name>
      </p>
      <p class="muted">{authorize.warning}</p>
      <Form view={view} name={authorize.go} action="/account/authorize">
        <input type="hidden" name="ticket" value={ticket} />
        <p class="actions">
          <button type="submit" class="button primary">
            {authorize.go}
          </button>
        </p>
      </Form>
    </section>,
  )
}

const STATUS = { done: 200, expired: 400, gone: 404, refused: 403, down: 502, unavailable: 503 } as const

/** What came of it; `unavailable`: our own storage does not answer. */
export type Outcome = Authorized | { readonly kind: 'unavailable'; readonly back?: WayBack }

/**
 * Where a window is open behind this one, it is told, and this one closes itself; where it began in this window, there is a link back. Its URL may hold a
 * code or a ticket: it is told to nobody.
 */
export function outcomePage(publicUrl: string, outcome: Outcome): Answer {
  const { title, lines } = texts.authorized[outcome.kind](
    'connector' in outcome ? outcome.connector : '',
    'accountConnector' in outcome ? outcome.accountConnector : 'reason' in outcome ? outcome.reason : '',
  )
  const view = bareView(publicUrl, [])
  const { back } = outcome
  return pageOf(
    view,
    { status: STATUS[outcome.kind], title, narrow: true, referrer: 'no-referrer', scripts: back?.popup === true ? ['returned.js'] : [] },
    <section class="panel">
      <h1>{title}</h1>
      <Lines lines={lines} />
      <p>{advice(outcome)}</p>
      {back?.popup === true ? (
        <p class="actions" id="returned" data-outcome={outcome.kind} hidden>
          <button type="button" class="button plain">
            {texts.authorized.closeButton}
          </button>
        </p>
      ) : back === undefined ? null : (
        <p class="actions">
          <a class="button primary" href={view.href(back.path)}>
            {texts.authorized.back}
          </a>
        </p>
      )}
    </section>,
  )
}

function advice({ kind, back }: Outcome): string {
  const { close, again, here, elsewhere } = texts.authorized
  if (kind === 'done') return close
  return back === undefined ? elsewhere : back.popup ? again : here
}
