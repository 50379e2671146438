/** State of a cycle (cycles.md 7). */
export type CycleState = 'Paused' | 'Active' | 'Stopping' | 'Stopped'

/** Status of a transaction (cycles.md 6). */
export type TransactionStatus = 'Queued' | 'InProgress' | 'Waiting' | 'Completed' | 'Errored' | 'Stopped' | 'Dropped'

/** How the workflow of a transaction closed. */
export type EndStatus = 'Completed' | 'Errored' | 'Stopped'
