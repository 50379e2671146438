/** One question to a child process and its one answer, over Node's channel between parent and child. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

type Reply<A> = { readonly ok: true; readonly answer: A } | { readonly ok: false; readonly message: string }

/** In the child: answers the one question that it is asked, then ends. */
export function serve<Q, A>(work: (question: Q) => Promise<A>): void {
  const reply = (message: Reply<A>): void => {
    process.send?.(message, () => process.exit(0))
  }
  process.once('message', (question: Q) => {
    work(question).then(
      answer => reply({ ok: true, answer }),
      (error: unknown) => reply({ ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
}

/** In the parent: `script` is a path beside this file. */
export function ask<Q extends object, A>(script: string, question: Q): Promise<A> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.once('message', (reply: Reply<A>) => (reply.ok ? resolve(reply.answer) : reject(new Error(reply.message))))
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`${script} ended with ${code} before it answered`)))
    child.send(question)
  })
}
