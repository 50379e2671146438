/** Where provisioning tells what it does. */
export interface Report {
  /** One line that stays. */
  line(text: string): void
  /** A state of something long; on a terminal it replaces the one before. */
  progress(text: string): void
}

/** What cannot be had on this machine; the message says what to do about it. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError'
}

const EVERY = 15_000

/** Reports on a stream: on a terminal progress is one changing line, elsewhere a line each 15 s. */
export function createReport(stream: NodeJS.WriteStream): Report {
  let open = false
  let last = 0
  return {
    line(text) {
      stream.write(`${open ? '\r\u001b[K' : ''}${text}\n`)
      open = false
    },
    progress(text) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${text.slice(0, (stream.columns ?? 80) - 1)}`)
        open = true
      } else if (Date.now() - last >= EVERY) {
        last = Date.now()
        stream.write(`${text}\n`)
      }
    },
  }
}

/** `1 min 20 s` since a moment. */
export function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
