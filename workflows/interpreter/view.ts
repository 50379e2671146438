/** What operators and the API see of a transaction: the answer of query `state`, and the current details in Temporal's UI (operations.md 5). */
import { stepById } from '../../domain/graph.ts'
import { jsonSize } from '../../domain/size.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { ResponseResult, StepRecord, TransactionState } from '../messages.ts'
import type { Life } from './life.ts'

/** An answer of a query must stay below what Temporal takes in one payload (2 MiB): step data beyond this is left out, latest steps first in. */
const MAX_DATA = 1024 * 1024
/** How many responses the state shows, the newest, and how many characters of a body. */
const MAX_RESPONSES = 100
const MAX_BODY = 1_024

export function stateOf(life: Life, ended: EndStatus | undefined): TransactionState {
  const { state } = life
  let room = MAX_DATA
  const steps = [...state.records.values()].reverse().map((record): StepRecord => {
    const data = state.data.get(record.stepId)
    if (data === undefined) return { ...record }
    const size = jsonSize(data, room)
    if (size > room) return { ...record, large: true }
    room -= size
    return { ...record, data }
  })
  const responses = [...state.responses].slice(-MAX_RESPONSES).map(([request, result]) => [request, shortened(result)])
  return {
    status: ended ?? state.status,
    ...(state.failure === undefined || ended !== undefined ? {} : { failed: state.failure.stepId }),
    steps: steps.reverse(),
    incidents: state.incidents,
    responses: Object.fromEntries(responses),
  }
}

const shortened = (result: ResponseResult): ResponseResult =>
  result.kind === 'response' && result.body.length > MAX_BODY ? { ...result, body: `${result.body.slice(0, MAX_BODY)}…` } : result

/** Markdown: where it stands, what it waits for, the last incident. */
export function detailsOf(life: Life, ended: EndStatus | undefined): string {
  const { state, document } = life
  const records = [...state.records.values()]
  const running = records.filter(record => record.status === 'Running').map(record => `**${escape(record.stepName)}**`)
  const lines = [`**${ended ?? state.status}**${running.length === 0 ? '' : `, at ${running.join(', ')}`}`]
  if (ended === undefined && state.failure?.until !== undefined) {
    const name = escape(stepById(document, state.failure.stepId)?.name ?? state.failure.stepId)
    lines.push(`- failed at **${name}**: signal \`retryStep\`, \`skipStep\` or \`failStep\`, until ${new Date(state.failure.until).toISOString()}`)
  } else if (ended === undefined) {
    const retrying = records.filter(record => record.status === 'Retrying').map(record => `**${escape(record.stepName)}**`)
    if (retrying.length > 0)
      lines.push(`- waits for the next try of ${retrying.join(', ')}: signal \`retryStep\`, \`skipStep\` or \`failStep\` to wait no longer`)
    for (const stepId of state.reached) {
      const step = stepById(document, stepId)
      const value = state.registered.get(stepId)?.value
      const match = step?.type === 'webhook' ? step.match?.request : undefined
      const expected = match === undefined || value === undefined ? '' : ` with \`${match}\` = \`${shorten(value.replaceAll('`', "'"))}\``
      lines.push(`- waits for **${escape(step?.name ?? stepId)}**${expected}`)
    }
    if (state.queue.length > 0) lines.push(`- ${state.queue.length} request${state.queue.length === 1 ? '' : 's'} to run`)
  }
  if (life.ignored !== undefined) lines.push(`- ignored signal: ${escape(shorten(life.ignored))}`)
  const last = state.incidents.at(-1)
  if (last !== undefined) {
    const at = last.stepId === undefined ? '' : ` at **${escape(records.find(record => record.stepId === last.stepId)?.stepName ?? last.stepId)}**`
    lines.push(`- last incident: ${last.level} ${last.message}${at}: ${escape(shorten(last.detail))}`)
  }
  return lines.join('\n')
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
const escape = (text: string): string => text.replaceAll(/([\\`*_[\]<>#|])/g, '\\$1').replaceAll('\n', ' ')
