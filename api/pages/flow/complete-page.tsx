/** The complete page: the partner's *Launch Complete HTML*, which works as it was published, or one of ours (marketplace.md 4). */
import type { Json } from '../../../domain/json.ts'
import type { Answer } from '../../route.ts'
import { documentOf } from '../layout.tsx'
import { BackLink, Name, Notice, PartnerHtml } from '../parts.tsx'
import { openPolicy, pageHeaders } from '../policy.ts'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import type { Completed } from './complete.ts'

export interface CompleteOptions {
  readonly view: View
  readonly completed: Completed
  /** Of what was installed, for people. */
  readonly name: string
  /** To which the default page posts; left out: to whoever opened it. */
  readonly targetOrigin: string | undefined
}

const ESCAPES: { readonly [character: string]: string } = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/** JSON that may stand in a script: nothing in it ends the script, or a line of it. */
export const scriptJson = (value: Json): string => JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, character => ESCAPES[character] ?? '')

const MERGE_FIELD = /\{\{\s*InstallCompleteMessage\s*\}\}/gi

/** By assignment, so that the partner's script may have a `var`, `let` or `const` of that name. */
const assignment = ({ result }: Completed): string => `window.result = ${scriptJson(result)}`

export function completePage(options: CompleteOptions): Answer {
  const { view, completed } = options
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    headers: pageHeaders(openPolicy({ frames: view.frames })),
    text: completed.html.trim() === '' ? defaultPage(options) : ownPage(options),
  }
}

/** The partner's HTML is put in as it is; what it says of the document, browsers read where it stands. */
function ownPage({ completed }: CompleteOptions): string {
  const body = completed.html.replaceAll(MERGE_FIELD, () => completed.message)
  const base = '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
  return `${base}<script>${assignment(completed)}</script></head><body>${body}</body></html>`
}

function defaultPage({ view, completed, name, targetOrigin }: CompleteOptions): string {
  const { complete } = texts
  const title = complete.title(name)
  const whole = completed.errors.length === 0
  return documentOf(
    view,
    {
      title,
      narrow: true,
      scripts: ['complete.js'],
      head: <script dangerouslySetInnerHTML={{ __html: assignment(completed) }} />,
    },
    <section class="panel">
      <p class={whole ? 'mark-done' : 'mark-done partly'} aria-hidden="true" />
      <h1>
        <Name>{title}</Name>
      </h1>
      {completed.message.trim() !== '' ? <PartnerHtml html={completed.message} /> : whole ? <p>{complete.text}</p> : null}
      {whole ? null : (
        <Notice kind="bad">
          <p>{complete.problems}</p>
          <ul>
            {completed.errors.map(error => (
              <li>
                <Name>{error}</Name>
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <p class="actions">
        <button type="button" class="button primary" id="close" data-target={targetOrigin ?? '*'}>
          {complete.close}
        </button>
        <BackLink view={view} />
      </p>
      <p role="status" class="muted" id="closed" data-text={complete.closed} />
    </section>,
  )
}
