/**
 * People who install a package at once, run as a child process: each opens the link of a deploy call, looks at the marketplace, presses Install, watches
 * the progress, and sees the complete page. It fails unless all of them do.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { serve } from './child.ts'
import { figures, type Figures } from './figures.ts'

export interface PeopleLoad {
  /** Where the pages are. */
  readonly url: string
  /** One of each person; works once. */
  readonly links: readonly string[]
  readonly packageId: string
  readonly maxMs: number
}

const Progress = z.object({ next: z.string().nullable() })
/** As often as the page's script does at first. */
const LOOK_MS = 500

serve<PeopleLoad, Figures>(async load => {
  const started = performance.now()
  const until = started + load.maxMs
  const times = await Promise.all(load.links.map(link => install(load, link, until)))
  return figures(times, performance.now() - started)
})

/** Milliseconds from Install to the complete page. */
async function install({ url, packageId }: PeopleLoad, link: string, until: number): Promise<number> {
  const opened = await fetch(link, { redirect: 'manual' })
  const cookie = /^[^;]+/.exec(opened.headers.get('set-cookie') ?? '')?.[0]
  if (cookie === undefined) throw new Error(`${link} answered ${opened.status} without a session`)
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, url), { redirect: 'manual', ...init, headers: { cookie, ...Object.fromEntries(new Headers(init.headers)) } })
  const csrf = /name="csrf" value="([^"]+)"/.exec(await (await ask('/account/marketplace')).text())?.[1] ?? ''
  const before = performance.now()
  const begun = await ask(`/account/marketplace/packages/${packageId}/install`, { method: 'POST', body: new URLSearchParams({ csrf }) })
  const progress = begun.headers.get('location')
  if (begun.status !== 303 || progress === null) throw new Error(`Install answered ${begun.status} ${(await begun.text()).slice(0, 500)}`)
  while (performance.now() < until) {
    const { next } = Progress.parse(await (await ask(progress, { headers: { accept: 'application/json' } })).json())
    if (next === null) {
      await sleep(LOOK_MS)
      continue
    }
    const complete = await ask((await ask(next)).headers.get('location') ?? next)
    const text = await complete.text()
    if (complete.status !== 200 || !text.includes('window.result')) throw new Error(`the complete page answered ${complete.status} ${text.slice(0, 500)}`)
    return performance.now() - before
  }
  throw new Error(`${progress} has not ended in time`)
}
