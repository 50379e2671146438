/**
 * The threads of the sandbox. A thread gets several tasks at once, so that it never waits for the host; a task that takes long keeps its thread to
 * itself, what was behind it is given to others, and threads are added for them: a slow script delays nobody (webhooks.md 8).
 */
import { availableParallelism } from 'node:os'
import type { Outcome, Work } from './jobs.ts'
import { startMember } from './member.ts'
import type { Member, Task } from './member.ts'
import { createQueue } from './queue.ts'
import type { ScriptingOptions } from './scripting.ts'

export interface Pool {
  /** Never rejects but where no thread can be started, or after `close`. */
  run(work: Work): Promise<Outcome>
  close(): Promise<void>
}

/** Tasks that a thread holds at once. */
const DEPTH = 16
/** After this long a task keeps its thread to itself and its source is suspect, until one of its tasks is done within the second time, in ms. */
const SLOW_MS = 40
const FORGIVE_MS = 250
const WATCH_MS = 20
/** Threads that one suspect source may hold. */
const MAX_HELD = 2
/** Threads that always stand ready besides the ordinary ones, and those that slow tasks may bring; how long such a thread may be idle, in ms. */
const SPARE = 2
const MAX_EXTRA = 12
const IDLE_MS = 30_000
/** A thread that does not cut its script off by itself (a regular expression, a sort) is ended this long after the limit, in ms. */
const KILL_AFTER_MS = 1_000

interface Seat {
  readonly member: Member
  /** The number of the task that ran at the last look, and since when. */
  seen: { readonly number: number; readonly since: number } | undefined
  /** The source that holds this thread; undefined: it takes tasks. */
  heldBy: string | undefined
  idleSince: number
}

export function createPool(options: ScriptingOptions): Pool {
  const ordinary = options.threads ?? Math.max(1, Math.min(4, availableParallelism() - 1))
  const seats = new Set<Seat>()
  const queue = createQueue()
  let closed = false
  let watch: NodeJS.Timeout | undefined

  const free = (): Seat[] => [...seats].filter(seat => seat.heldBy === undefined)

  const start = (): void => {
    const limits = { timeoutMs: options.timeoutMs, memoryBytes: options.memoryBytes }
    const member = startMember(limits, {
      ready: assign,
      answered: (task, outcome) => answered(seat, task, outcome),
      lost: (tasks, error) => lost(seat, tasks, error),
    })
    const seat: Seat = { member, seen: undefined, heldBy: undefined, idleSince: performance.now() }
    seats.add(seat)
  }
  const replenish = (): void => {
    while (!closed && free().length < ordinary + SPARE && seats.size < ordinary + MAX_EXTRA) start()
  }
  /** Suspects are run by threads that the others can spare, each by one of its own. */
  const assignSuspects = (): void => {
    for (;;) {
      const ready = free().filter(({ member }) => member.ready)
      const idle = ready.find(({ member }) => member.size === 0)
      if (idle === undefined || ready.length <= ordinary) return
      const task = queue.takeSuspect(source => [...seats].filter(({ heldBy }) => heldBy === source).length < MAX_HELD)
      if (task === undefined) return
      idle.heldBy = task.work.source
      idle.member.send(task)
    }
  }
  const assign = (): void => {
    for (;;) {
      const best = free()
        .filter(({ member }) => member.ready && member.size < DEPTH)
        .reduce<Seat | undefined>((a, b) => (a === undefined || b.member.size < a.member.size ? b : a), undefined)
      const task = best && queue.take()
      if (task === undefined) break
      best?.member.send(task)
    }
    assignSuspects()
  }
  const letGo = (seat: Seat): void => {
    seat.seen = undefined
    seat.heldBy = undefined
  }
  const answered = (seat: Seat, { work: { source } }: Task, outcome: Outcome): void => {
    const slow = seat.seen !== undefined && performance.now() - seat.seen.since > FORGIVE_MS
    const cutOff = !outcome.ok && (outcome.reason === 'timeout' || outcome.reason === 'memory')
    if (slow || cutOff) queue.suspect(source, cutOff)
    else queue.forgive(source)
    letGo(seat)
    if (seat.member.size === 0) seat.idleSince = performance.now()
    assign()
  }
  const remove = (seat: Seat): void => {
    letGo(seat)
    seats.delete(seat)
  }
  /** A thread that dies while it starts is not started again by itself: the next call tries. */
  const lost = (seat: Seat, tasks: readonly Task[], error: Error): void => {
    remove(seat)
    if (!seat.member.ready) {
      if (![...seats].some(({ member }) => member.ready)) queue.fail(new Error('The sandbox for scripts cannot be started', { cause: error }))
      return
    }
    const [running, ...others] = tasks
    running?.resolve({ ok: false, reason: 'memory', message: 'The script was cut off: it broke its sandbox.', log: [] })
    queue.putBack(others)
    replenish()
    assign()
  }
  const look = (seat: Seat, now: number): void => {
    const running = seat.member.running()
    if (running === undefined || running.number !== seat.seen?.number) {
      seat.seen = running && { number: running.number, since: now }
      return
    }
    const elapsed = now - seat.seen.since
    if (elapsed > SLOW_MS && seat.heldBy === undefined) {
      seat.heldBy = running.task.work.source
      queue.suspect(seat.heldBy, false)
      queue.putBack(seat.member.takeBack())
    }
    if (elapsed > options.timeoutMs + KILL_AFTER_MS) {
      queue.suspect(running.task.work.source, true)
      running.task.resolve({ ok: false, reason: 'timeout', message: `The script was cut off after ${options.timeoutMs / 1000} s.`, log: [] })
      queue.putBack(seat.member.end().filter(task => task !== running.task))
      remove(seat)
    }
  }
  const tick = (): void => {
    const now = performance.now()
    for (const seat of seats) {
      look(seat, now)
      if (seats.size > ordinary + SPARE && seat.member.size === 0 && now - seat.idleSince > IDLE_MS) {
        seat.member.end()
        remove(seat)
      }
    }
    replenish()
    assign()
    if (queue.empty && seats.size <= ordinary + SPARE && [...seats].every(({ member }) => member.size === 0)) {
      clearInterval(watch)
      watch = undefined
    }
  }

  replenish()
  return {
    run(work) {
      if (closed) return Promise.reject(new Error('The sandbox for scripts is closed'))
      replenish()
      watch ??= setInterval(tick, WATCH_MS).unref()
      return new Promise((resolve, reject) => {
        queue.add({ work, resolve, reject })
        assign()
      })
    },
    async close() {
      closed = true
      clearInterval(watch)
      const tasks = [...seats].flatMap(({ member }) => member.end())
      queue.putBack(tasks)
      queue.fail(new Error('The sandbox for scripts is closed'))
      await Promise.all([...seats].map(({ member }) => member.gone))
      seats.clear()
    },
  }
}
