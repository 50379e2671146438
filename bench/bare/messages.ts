/** Names and shapes shared by the bare workflows, their worker and their load. */
export const BARE = 'bare'
export const BARE_WAITING = 'bareWaiting'
export const BARE_PARENT = 'bareParent'
export const AWAIT_RESPONSE = 'awaitResponse'
export const RESUME = 'resume'

export interface BareInput {
  /** An HTTP call in a regular activity before the answer. */
  readonly url?: string
  readonly order: string
}

export interface BareParentInput {
  /** Search attribute `CycleId` of the children. */
  readonly group: string
  readonly count: number
}

export interface Order {
  readonly order: string
}

/** Local activities: one small Redis write each, as begin, resume, park and end do. Regular: one HTTP call. */
export interface BareActivities {
  mark(what: string): Promise<void>
  call(url: string, body: Order): Promise<Order>
}
