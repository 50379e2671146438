/** What a browser is told where something did not work: in words, with the way on; never JSON. */
import { apiErrors, type ApiError } from '../../domain/errors.ts'
import type { Answer } from '../route.ts'
import { pageOf } from './layout.tsx'
import { BackLink, Lines } from './parts.tsx'
import { texts } from './texts.ts'
import { bareView, type View } from './view.ts'

export interface Message {
  readonly status: number
  readonly title: string
  /** Paragraphs. */
  readonly lines: readonly string[]
  readonly referrer?: 'no-referrer'
  readonly headers?: { readonly [name: string]: string }
}

/** A page that says one thing. */
export function messagePage(view: View, { status, title, lines, ...rest }: Message): Answer {
  return pageOf(
    view,
    { status, title, narrow: true, ...rest },
    <section class="panel">
      <h1>{title}</h1>
      <Lines lines={lines} />
      {view.back === undefined ? null : (
        <p class="actions">
          <BackLink view={view} />
        </p>
      )}
    </section>,
  )
}

/** An expected error, on a page of the session. */
export const problemPage = (view: View, error: ApiError): Answer =>
  messagePage(view, {
    status: error.status,
    title: apiErrors[error.code] === 404 ? texts.problem.notFound : texts.problem.title,
    lines: [texts.problem.errors[error.code] ?? error.message, ...error.problems.map(({ path, message }) => `${path} ${message}`.trim())],
  })

/** Any error of an address under `/account/`, without a session. `id`: of a fault of ours, which the log has. */
export function bareProblemPage(publicUrl: string, error: ApiError, id?: string): Answer {
  const view = bareView(publicUrl)
  if (error.status < 500) return problemPage(view, error)
  const { internal, unavailable, title, id: told } = texts.problem
  return messagePage(view, {
    status: error.status,
    title,
    lines: [...(error.status === 503 ? unavailable : internal), ...(id === undefined ? [] : [told(id)])],
    headers: error.status === 503 ? { 'Retry-After': '5' } : {},
  })
}

/** A link of a deploy call that has been used, or is over. */
export const expiredPage = (publicUrl: string): Answer => messagePage(bareView(publicUrl), { status: 401, ...texts.expired, referrer: 'no-referrer' })

/** A page whose session is over, or of another kind. */
export const endedPage = (publicUrl: string): Answer => messagePage(bareView(publicUrl), { status: 401, ...texts.ended })
