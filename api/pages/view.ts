/** What every page of a session is drawn with. */
import type { Marketplace } from '../../storage/marketplace.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Services } from '../services.ts'
import { hashOf } from './assets.ts'
import { formToken } from './form-guard.ts'
import { prefixOf } from './prefix.ts'
import { launchFrames, type Session } from './session.ts'

export interface View {
  /** Links: a path under PUBLIC_URL, such as `/account/marketplace`, as browsers take it. */
  readonly href: (path: string) => string
  /** Origins that may frame the page. */
  readonly frames: readonly string[]
  /** Origins beside our own that its forms may lead to. */
  readonly forms: readonly string[]
  /** Path of the partner's CSS. */
  readonly theme?: string
  /** What each form has in it; none where there is no session. */
  readonly token: string
  /** Whose page it is, for people. */
  readonly brand: string
  /** Where the way on is: the marketplace or LAUNCH; undefined without a session. */
  readonly back?: string
  /** Of a marketplace's session. */
  readonly marketplace?: Versioned<Marketplace>
}

/** Of a page that is shown to anybody, in any frame: it tells nothing and asks for nothing. */
export const bareView = (publicUrl: string, frames: readonly string[] = ['*']): View => ({
  href: hrefs(publicUrl),
  frames,
  forms: [],
  token: '',
  brand: '',
})

/** Undefined where what the session is for is gone. */
export async function viewOf(services: Pick<Services, 'registry' | 'settings'>, session: Session): Promise<View | undefined> {
  const { to } = session.visit
  const shared = { href: hrefs(services.settings.publicUrl), token: formToken(session) }
  if (to.page === 'launch') {
    const settings = await services.registry.settings.get()
    return {
      ...shared,
      frames: launchFrames(settings, session.visit),
      forms: [],
      ...themed(settings.css, ''),
      brand: session.account.name,
      back: '/account/launch',
    }
  }
  const marketplace = await services.registry.marketplaces.get(to.marketplaceId)
  if (marketplace === undefined) return undefined
  const { css, name, embeddingOrigins } = marketplace.value
  return {
    ...shared,
    frames: embeddingOrigins,
    forms: to.returnUrl === undefined ? [] : [new URL(to.returnUrl).origin],
    ...themed(css, `marketplace=${marketplace.id}&`),
    brand: name,
    back: '/account/marketplace',
    marketplace,
  }
}

const themed = (css: string, of: string): Pick<View, 'theme'> => (css.trim() === '' ? {} : { theme: `/account/theme.css?${of}v=${hashOf(css)}` })

function hrefs(publicUrl: string): View['href'] {
  const prefix = prefixOf(publicUrl)
  return path => prefix + path
}
