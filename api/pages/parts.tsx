/** Parts that pages are made of. */
import type { ComponentChildren } from 'preact'
import { FORM_FIELD } from './form-guard.ts'
import { texts } from './texts.ts'
import type { View } from './view.ts'

export interface FormProps {
  readonly view: View
  /** For people and for tests: `Install`. */
  readonly name: string
  /** Path under PUBLIC_URL. */
  readonly action: string
  readonly class?: string
  /** The browser leaves checks to the server, which tells what is wrong where it stands. */
  readonly children: ComponentChildren
  readonly data?: { readonly [name: `data-${string}`]: string }
}

/** A form of ours: it works without scripts, and other sites cannot send it. */
export const Form = ({ view, name, action, children, data = {}, ...rest }: FormProps) => (
  <form name={name} method="post" action={view.href(action)} noValidate class={rest.class} {...data}>
    <input type="hidden" name={FORM_FIELD} value={view.token} />
    {children}
  </form>
)

/** A text that somebody else wrote: characters in it that turn the direction do so only within it. */
export const Name = ({ children }: { readonly children: string }) => <bdi dir="auto">{children}</bdi>

/** Paragraphs. */
export const Lines = ({ lines }: { readonly lines: readonly string[] }) => (
  <>
    {lines.map(line => (
      <p>
        <Name>{line}</Name>
      </p>
    ))}
  </>
)

/** What something is about; nothing where nothing is said. */
export const Tags = ({ tags }: { readonly tags: readonly string[] }) =>
  tags.length === 0 ? null : (
    <ul class="tags" role="list">
      {tags.map(tag => (
        <li>
          <Name>{tag}</Name>
        </li>
      ))}
    </ul>
  )

/** The way back, where there is one. */
export const BackLink = ({ view }: { readonly view: View }) =>
  view.back === undefined ? null : (
    <a class="button quiet" href={view.href(view.back)}>
      {view.marketplace === undefined ? texts.back.launch : texts.back.marketplace}
    </a>
  )

/** Something that is told, once: `good` ended well, `bad` did not. */
export const Notice = ({ kind, children }: { readonly kind: 'good' | 'bad'; readonly children: ComponentChildren }) => (
  <div class={`notice ${kind}`} role={kind === 'good' ? 'status' : 'alert'}>
    {children}
  </div>
)

/** The partner's own HTML, trusted: nobody else's text comes here. */
export const PartnerHtml = ({ html }: { readonly html: string }) => <div class="rich" dangerouslySetInnerHTML={{ __html: html }} />

/** An `http` or `https` address, or undefined: what data gives as one may be anything. */
export function webUrl(text: string | undefined): string | undefined {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) ? url.href : undefined
}
