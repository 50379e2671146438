/** Tasks that wait for a thread, in order; those of suspect sources, which run long or were cut off lately, apart in lines of their own. */
import type { Task } from './member.ts'

/** Tasks that may wait: what is over is answered at once. */
const MAX_WAITING = 10_000
/** Tasks that may wait of one source that was cut off. */
const MAX_IN_LINE = 100
/** Suspect sources that are remembered; the oldest are forgiven first. */
const MAX_SUSPECTS = 1_000

export interface Queue {
  add(task: Task): void
  /** Tasks that were taken and not begun stand first again. */
  putBack(tasks: readonly Task[]): void
  /** The next task whose source is above suspicion. */
  take(): Task | undefined
  /** The next task of a suspect source for which `may` holds. */
  takeSuspect(may: (source: string) => boolean): Task | undefined
  readonly empty: boolean
  /** `proven`: it was cut off; otherwise it only takes its time. */
  suspect(source: string, proven: boolean): void
  forgive(source: string): void
  /** Rejects all that wait. */
  fail(error: Error): void
}

interface Line {
  readonly tasks: Task[]
  readonly proven: boolean
}

export function createQueue(): Queue {
  let first: Task[] = []
  let waiting: Task[] = []
  let next = 0
  let inLines = 0
  const lines = new Map<string, Line>()

  const refuse = (task: Task): void => task.resolve({ ok: false, reason: 'timeout', message: 'Too many scripts are waiting.', log: [] })
  const shift = (): Task | undefined => {
    const put = first.shift()
    if (put) return put
    const task = waiting[next]
    next += 1
    if (next >= waiting.length || next > 1_000) {
      waiting = waiting.slice(next)
      next = 0
    }
    return task
  }
  const putBack = (tasks: readonly Task[]): void => {
    first = [...tasks, ...first]
  }
  const forgive = (source: string): void => {
    const line = lines.get(source)
    if (line === undefined) return
    lines.delete(source)
    inLines -= line.tasks.length
    putBack(line.tasks)
  }
  return {
    putBack,
    forgive,
    get empty() {
      return first.length + waiting.length - next + inLines === 0
    },
    add(task) {
      if (waiting.length - next >= MAX_WAITING) refuse(task)
      else waiting.push(task)
    },
    take() {
      for (let task = shift(); task !== undefined; task = shift()) {
        const line = lines.get(task.work.source)
        if (line === undefined) return task
        if (line.proven && line.tasks.length >= MAX_IN_LINE) refuse(task)
        else {
          line.tasks.push(task)
          inLines += 1
        }
      }
      return undefined
    },
    takeSuspect(may) {
      for (const [source, line] of lines) {
        if (line.tasks.length === 0 || !may(source)) continue
        const task = line.tasks.shift()
        inLines -= 1
        // The source goes to the end: suspects take turns.
        lines.delete(source)
        lines.set(source, line)
        return task
      }
      return undefined
    },
    suspect(source, proven) {
      const known = lines.get(source)
      lines.set(source, { tasks: known?.tasks ?? [], proven: proven || known?.proven === true })
      for (const oldest of lines.keys()) {
        if (lines.size <= MAX_SUSPECTS) break
        forgive(oldest)
      }
    },
    fail(error) {
      for (const task of [...first, ...waiting.slice(next), ...[...lines.values()].flatMap(line => line.tasks)]) task.reject(error)
      first = []
      waiting = []
      next = 0
      inLines = 0
      lines.clear()
    },
  }
}
