/** One thread of the pool, seen from the host: it is sent jobs, answers them in order, and can be ended at any instant. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { progress } from './jobs.ts'
import type { FromThread, Job, Outcome, ThreadData, Work } from './jobs.ts'

export interface Task {
  readonly work: Work
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
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
  /** It has told that its sandbox stands. */
  readonly ready: boolean
  /** Resolves when the thread is gone. */
  readonly gone: Promise<void>
}

export interface MemberEvents {
  ready(): void
  /** A task was answered: there is room for another. */
  answered(task: Task, outcome: Outcome): void
  /** The thread ended by itself: its tasks, the running one first, are the pool's again. */
  lost(tasks: Task[], error: Error): void
}

/** Beside built files the entry is JavaScript. Beside source files it is TypeScript, which a thread must be taught to load first. */
const ENTRY = new URL('./thread.js', import.meta.url)
const FROM_SOURCE = import.meta.url.endsWith('.ts')
const SOURCE_ENTRY = (): string => `
  import(${JSON.stringify(pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs'))})
    .then(({ register }) => register())
    .then(() => import(${JSON.stringify(new URL('./thread.ts', import.meta.url).href)}))`

/** QuickJS's frames stand on the thread's own stack too: room for its deepest recursion. */
const STACK_MB = 32
const HEAP_MB = 256

export function startMember(limits: Omit<ThreadData, 'shared'>, events: MemberEvents): Member {
  const buffer = new SharedArrayBuffer(8)
  const shared = new Int32Array(buffer)
  const data: ThreadData = { ...limits, shared: buffer }
  // Nothing of the process's environment or arguments is there in the thread.
  const worker = new Worker(FROM_SOURCE ? SOURCE_ENTRY() : ENTRY, {
    eval: FROM_SOURCE,
    workerData: data,
    env: {},
    argv: [],
    execArgv: [],
    resourceLimits: { stackSizeMb: STACK_MB, maxOldGenerationSizeMb: HEAP_MB },
  })
  worker.unref()

  const tasks = new Map<number, Task>()
  let last = 0
  let ended = false
  let ready = false
  const empty = (): Task[] => {
    const left = [...tasks.values()]
    tasks.clear()
    return left
  }
  const member: Member = {
    get size() {
      return tasks.size
    },
    get ready() {
      return ready
    },
    gone: new Promise(resolve => worker.once('exit', () => resolve())),
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
  const lose = (error: Error): void => {
    if (ended) return
    ended = true
    void worker.terminate()
    events.lost(empty(), error)
  }
  worker.on('message', (message: FromThread) => {
    if (message === 'ready') {
      ready = true
      events.ready()
      return
    }
    const task = tasks.get(message.number)
    if (!task) return
    tasks.delete(message.number)
    if (tasks.size === 0) worker.unref()
    task.resolve(message.outcome)
    events.answered(task, message.outcome)
  })
  worker.on('error', lose)
  worker.on('exit', code => lose(new Error(`the thread ended with ${code}`)))
  return member
}
