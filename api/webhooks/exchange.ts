import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Target } from './request.ts'

/** One request with the response that it waits for. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly target: Target
  /** ms, monotonic. */
  readonly arrivedAt: number
}
