/** The frame of every page, and how a page becomes an answer. */
import type { ComponentChildren } from 'preact'
import { renderToString } from 'preact-render-to-string'
import type { Answer } from '../route.ts'
import { assetPath } from './assets.ts'
import { strictHeaders } from './policy.ts'
import { texts } from './texts.ts'
import type { View } from './view.ts'

export interface PageOptions {
  readonly status?: number
  /** Of the window, for people; the page's own `h1` is in its content. */
  readonly title: string
  /** Names of scripts in `assets/`. */
  readonly scripts?: readonly string[]
  /** Elements for `head`. */
  readonly head?: ComponentChildren
  /** A page of one column, for one thing at a time. */
  readonly narrow?: boolean
  /** Where its forms may lead beside our own pages: origins. */
  readonly forms?: readonly string[]
  /** `Referrer-Policy` of a page whose URL nobody may learn. */
  readonly referrer?: 'no-referrer'
  readonly headers?: { readonly [name: string]: string }
}

/** A page that shows `content` in its `main`. */
export function pageOf(view: View, options: PageOptions, content: ComponentChildren): Answer {
  const { status = 200, forms = [], referrer, headers = {} } = options
  return {
    status,
    type: 'text/html; charset=utf-8',
    headers: {
      ...strictHeaders({ frames: view.frames, forms: [...new Set([...view.forms, ...forms])] }),
      ...(referrer === undefined ? {} : { 'Referrer-Policy': referrer }),
      ...headers,
    },
    text: documentOf(view, options, content),
  }
}

export type DocumentOptions = Pick<PageOptions, 'title' | 'scripts' | 'head' | 'narrow'>

/** The whole document as text. */
export const documentOf = (view: View, options: DocumentOptions, content: ComponentChildren): string =>
  `<!doctype html>${renderToString(<Document view={view} options={options} content={content} />)}`

function Document({ view, options, content }: { readonly view: View; readonly options: DocumentOptions; readonly content: ComponentChildren }) {
  return (
    <html lang={texts.lang} dir={texts.dir}>
      <Head view={view} options={options} />
      <body>
        <main id="main" class={options.narrow === true ? 'page narrow' : 'page'}>
          {content}
        </main>
      </body>
    </html>
  )
}

/** In this order; the partner's own CSS comes after them. */
const STYLES = ['pages.css', 'cards.css', 'steps.css', 'forms.css'] as const

function Head({ view, options: { title, scripts = [], head } }: { readonly view: View; readonly options: DocumentOptions }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{plainText(title)}</title>
      {STYLES.map(name => (
        <link rel="stylesheet" href={view.href(assetPath(name))} />
      ))}
      {view.theme === undefined ? null : <link rel="stylesheet" href={view.href(view.theme)} />}
      {scripts.map(name => (
        <script type="module" src={view.href(assetPath(name))} />
      ))}
      {head}
    </head>
  )
}

/** Without the characters that turn the direction of what follows: a window's title cannot isolate them, as `bdi` does in pages. */
export const plainText = (text: string): string => text.replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
