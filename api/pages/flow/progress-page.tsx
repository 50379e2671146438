/** The page that an operation is watched on, and what follows when it has ended. Without scripts it loads itself anew. */
import type { Json } from '../../../domain/json.ts'
import type { Operation } from '../../../storage/operation.ts'
import type { Answer } from '../../route.ts'
import { pageOf } from '../layout.tsx'
import { BackLink, Name } from '../parts.tsx'
import { texts } from '../texts.ts'
import type { View } from '../view.ts'
import { amountOf, type ProgressItem } from './progress.ts'

/** Seconds between two looks, without scripts. */
const LOOK_S = 2

const words = (items: readonly ProgressItem[]): string => texts.progress.of(items.filter(({ state }) => state === 'done').length, items.length)

/** What the script reads, in the order of the list. */
export const progressJson = (items: readonly ProgressItem[], next: string | null): Json => ({
  next,
  summary: words(items),
  amount: amountOf(items),
  items: items.map(({ state }) => ({ state, text: texts.progress.state[state] })),
})

export function progressPage(view: View, { kind, packageName, startedAt }: Operation, items: readonly ProgressItem[]): Answer {
  const { progress } = texts
  const title = progress.title[kind](packageName)
  const slow = Date.now() - startedAt > 20_000
  return pageOf(
    view,
    {
      title,
      narrow: true,
      scripts: ['progress.js'],
      head: (
        <noscript>
          <meta http-equiv="refresh" content={String(LOOK_S)} />
        </noscript>
      ),
    },
    <section class="panel" aria-labelledby="title">
      <h1 id="title">
        <Name>{title}</Name>
      </h1>
      <p class="muted">{progress.text}</p>
      <div id="progress" data-slow={progress.slow}>
        <progress class="bar" max={Math.max(1, items.length)} value={amountOf(items)} aria-labelledby="title" />
        <p class="muted small" role="status" id="summary">
          {slow ? progress.slow : words(items)}
        </p>
        <ol class="steps" role="list" aria-label={progress.steps}>
          {items.map(({ name, state }) => (
            <li class={state}>
              <span class="mark" aria-hidden="true" />
              <Name>{name}</Name>
              <span class="step-state">{progress.state[state]}</span>
            </li>
          ))}
        </ol>
      </div>
    </section>,
  )
}

/** It has ended, and nothing was done. */
export function failedPage(view: View, { kind, packageName, errors }: Operation): Answer {
  const { failed } = texts
  const title = failed.title[kind](packageName)
  return pageOf(
    view,
    { title, narrow: true },
    <section class="panel">
      <h1>
        <Name>{title}</Name>
      </h1>
      <p>{failed.text[kind]}</p>
      <ul class="reasons" role="list">
        {errors.map(error => (
          <li>
            <Name>{error}</Name>
          </li>
        ))}
      </ul>
      <p class="actions">
        <BackLink view={view} />
      </p>
    </section>,
  )
}
