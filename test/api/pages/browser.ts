/** What a browser does with pages, as far as tests of them need: cookies by path, forms as they stand in the HTML. Redirects are not followed. */
import type { ApiHarness } from '../harness.ts'

export interface Page {
  /** Path and query that it was asked for. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Path and query of where it leads: under the API's public URL; of another site the whole address. */
  readonly location: string
}

export interface PageForm {
  readonly action: string
  readonly fields: { readonly [name: string]: string }
}

export interface Browser {
  head(path: string): Promise<Page>
  get(path: string, headers?: { readonly [name: string]: string }): Promise<Page>
  post(path: string, fields: { readonly [name: string]: string }, headers?: { readonly [name: string]: string }): Promise<Page>
  /** Sends the form of that name, with what is typed into it. */
  send(page: Page, form: string, typed?: { readonly [name: string]: string }): Promise<Page>
  /** Follows redirects within our pages. */
  follow(page: Page): Promise<Page>
}

const PUBLIC = 'http://hooks.example'

export function createBrowser(api: Pick<ApiHarness, 'base'>, publicUrl = PUBLIC): Browser {
  const cookies = new Map<string, { readonly value: string; readonly path: string }>()

  async function ask(method: string, path: string, init: RequestInit, headers: { readonly [name: string]: string }): Promise<Page> {
    const { pathname } = new URL(path, api.base)
    const cookie = [...cookies].flatMap(([name, one]) => (pathname === one.path || pathname.startsWith(`${one.path}/`) ? [`${name}=${one.value}`] : []))
    const answer = await fetch(api.base + path, { method, redirect: 'manual', ...init, headers: { cookie: cookie.join('; '), ...headers } })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = '', at = '/'] = /^([^=]+)=([^;]*);.*?Path=([^;]+)/.exec(set) ?? []
      cookies.set(name, { value, path: at })
    }
    return {
      path,
      status: answer.status,
      headers: answer.headers,
      text: await answer.text(),
      location: (answer.headers.get('location') ?? '').replace(publicUrl, ''),
    }
  }

  const browser: Browser = {
    head: path => ask('HEAD', path, {}, {}),
    get: (path, headers = {}) => ask('GET', path, {}, headers),
    post: (path, fields, headers = {}) => ask('POST', path, { body: new URLSearchParams(fields) }, { origin: publicUrl, ...headers }),
    send(page, name, typed = {}) {
      const form = formOf(page, name)
      return browser.post(form.action, { ...form.fields, ...typed })
    },
    async follow(page) {
      let now = page
      for (let left = 10; left > 0 && now.status === 303 && now.location.startsWith('/'); left--) now = await browser.get(now.location)
      return now
    },
  }
  return browser
}

/** Of a page; throws where it has none of that name. */
export function formOf({ text }: Pick<Page, 'text'>, name: string): PageForm {
  const forms = [...text.matchAll(/<form((?:"[^"]*"|[^">])*)>([^]*?)<\/form>/g)].map(([, head = '', body = '']) => ({ head: attributes(head), body }))
  const form = forms.find(({ head }) => head.name === name)
  if (form === undefined) throw new Error(`no form ${name} among ${forms.map(({ head }) => head.name).join(', ')}`)
  const fields = [...form.body.matchAll(/<input((?:"[^"]*"|[^">])*)>/g)].flatMap(([, found = '']): [string, string][] => {
    const { name: field = '', value = '', type, checked } = attributes(found)
    return field === '' || (type === 'radio' && checked === undefined) ? [] : [[field, value]]
  })
  return { action: form.head.action ?? '', fields: Object.fromEntries(fields) }
}

/** Attributes of the first element with that id. */
export function elementOf({ text }: Pick<Page, 'text'>, id: string): { readonly [name: string]: string } | undefined {
  const found = [...text.matchAll(/<\w+((?:"[^"]*"|[^">])*)>/g)].map(([, inner = '']) => attributes(inner)).find(one => one.id === id)
  return found
}

const attributes = (text: string): { readonly [name: string]: string } =>
  Object.fromEntries([...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']): [string, string] => [name, unescaped(value)]))

const unescaped = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
