/** One thread of the pool, seen from the host: it is sent jobs, answers them in order, and can be ended at any instant. */
import { Worker } from 'node:worker_threads'
import { progress } from './jobs.ts'
import type { Done, Job, Outcome, ThreadData, Work } from './jobs.ts'

export interface Task {
  readonly work: Work
  readonly resolve: (outcome: Outcome) => void
}

export interface Member {
  /** Tasks that were sent and not answered, oldest first. */
  readonly size: number
  send(task: Task): void
  /** The task that runs now, with a number that tells it from others; undefined: none has begun. */
  running(): { readonly number: number; readonly task: Task } | undefined
  /** Takes back the tasks that have not begun. */
  takeBack(): Task[]
  /** Ends the thread; answers all tasks that it had, the running one first. */
  end(): Task[]
  readonly ended: boolean
}

export interface MemberEvents {
  /** A task was answered: there is room for another. */
  answered(member: Member, task: Task): void
  /** The thread ended by itself: its tasks are the pool's again. */
  lost(member: Member, tasks: Task[]): void
}

/** Beside source files the entry is TypeScript, which this thread's loader must be told of; beside built ones it is JavaScript. */
const fromSource = import.meta.url.endsWith('.ts')
const ENTRY = new URL(fromSource ? './thread.ts' : './thread.js', import.meta.url)
/** QuickJS's frames stand on the thread's own stack too: room for its deepest recursion. */
const STACK_MB = 32
const HEAP_MB = 256

export function startMember(limits: Omit<ThreadData, 'shared'>, events: MemberEvents): Member {
  const buffer = new SharedArrayBuffer(8)
  const shared = new Int32Array(buffer)
  const data: ThreadData = { ...limits, shared: buffer }
  // Nothing of the process's environment or arguments is there in the thread.
  const worker = new Worker(ENTRY, {
    workerData: data,
    env: {},
    argv: [],
    execArgv: fromSource ? ['--import', import.meta.resolve('tsx')] : [],
    resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: HEAP_MB },
  })
  worker.unref()

  const tasks = new Map<number, Task>()
  let last = 0
  let ended = false
  const empty = (): Task[] => {
    const left = [...tasks.values()]
    tasks.clear()
    return left
  }
  const member: Member = {
    get size() {
      return tasks.size
    },
    get ended() {
      return ended
    },
    send(task) {
      last += 1
      if (tasks.size === 0) worker.ref()
      tasks.set(last, task)
      const job: Job = { number: last, work: task.work }
      worker.postMessage(job)
    },
    running() {
      const number = Atomics.load(shared, progress.running)
      const task = tasks.get(number)
      return task && { number, task }
    },
    takeBack() {
      Atomics.store(shared, progress.skipTo, last)
      const now = Atomics.load(shared, progress.running)
      const waiting = [...tasks].filter(([number]) => number > now)
      for (const [number] of waiting) tasks.delete(number)
      return waiting.map(([, task]) => task)
    },
    end() {
      ended = true
      void worker.terminate()
      return empty()
    },
  }
  const lose = (): void => {
    if (ended) return
    ended = true
    events.lost(member, empty())
  }
  worker.on('message', ({ number, outcome }: Done) => {
    const task = tasks.get(number)
    if (!task) return
    tasks.delete(number)
    if (tasks.size === 0) worker.unref()
    task.resolve(outcome)
    events.answered(member, task)
  })
  worker.on('error', lose)
  worker.on('exit', lose)
  return member
}
