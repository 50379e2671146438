/** What the answers to a notification mean (marketplace.md 2), and how they are told to people. */

/** One try, as far as its outcome goes: its status, or why no answer came. */
export interface Answered {
  readonly status?: number
  readonly answer?: string
  readonly error?: string
}

/** 2xx took it, 410 wants no more of them; anything else, redirects included, is tried again. */
export function outcomeOf({ status }: Answered): 'delivered' | 'gone' | 'failed' {
  if (status === undefined) return 'failed'
  if (status === 410) return 'gone'
  return status >= 200 && status <= 299 ? 'delivered' : 'failed'
}

const TOLD = 200

/** In one line: the status and the beginning of the answer, or the reason. */
export function toldOf({ status, answer = '', error }: Answered): string {
  if (status === undefined) return error ?? 'no answer'
  const text = answer.replaceAll(/\s+/g, ' ').trim()
  return `it answered ${status}${text === '' ? '' : `: ${text.length > TOLD ? `${text.slice(0, TOLD)}…` : text}`}`
}
