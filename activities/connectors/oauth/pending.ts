/** What is kept, sealed, while a user is away at the application. */
import { createHash } from 'node:crypto'
import { asAccountId, type AccountId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/objects.ts'

/** What access is for: an account connector. */
export interface Target {
  readonly id: string
  /** Of one that is made when access was given; without it, it is there already. */
  readonly connectorId?: string
  /** That it gets then; left out, it keeps its own. */
  readonly settings?: { readonly [name: string]: string }
}

/** Where a user goes then: `path`, a page of ours, which is in this window, or is open behind it (`popup`). */
export interface WayBack {
  readonly path: string
  readonly popup: boolean
}

/** A page of ours on which a user began. `browser`: a random text that it has as a cookie. */
export interface BegunOn {
  readonly browser: string
  readonly back: WayBack
}

export interface Pending {
  readonly account: AccountId
  readonly target: Target
  /** ms since the epoch, by Redis's clock. */
  readonly expiresAt: number
  /** PKCE's. */
  readonly verifier?: string
  /** SHA-256 of `BegunOn.browser`. */
  readonly browser?: string
  readonly back?: WayBack
}

export const writtenPending = (pending: Omit<Pending, 'browser' | 'back'>, on: BegunOn | undefined): string =>
  JSON.stringify({ ...pending, ...(on === undefined ? {} : { browser: sha256(on.browser), back: on.back }) } satisfies Pending)

/** One that began on no page of ours is any browser's that has its state. */
export const isSameBrowser = ({ browser: begun }: Pending, browser: string | undefined): boolean =>
  begun === undefined || (browser !== undefined && sha256(browser) === begun)

export function pendingOf(value: Json): Pending | undefined {
  if (!isJsonObject(value)) return undefined
  const { account, target, expiresAt, verifier, browser, back } = value
  if (typeof account !== 'string' || typeof expiresAt !== 'number' || !isJsonObject(target) || typeof target['id'] !== 'string') return undefined
  const { id, connectorId, settings } = target
  const way = isJsonObject(back) && typeof back['path'] === 'string' ? { path: back['path'], popup: back['popup'] === true } : undefined
  return {
    account: asAccountId(account),
    target: {
      id,
      ...(typeof connectorId === 'string' ? { connectorId } : {}),
      ...(settings !== undefined && isJsonObject(settings) ? { settings: textsOf(settings) } : {}),
    },
    expiresAt,
    ...(typeof verifier === 'string' ? { verifier } : {}),
    ...(typeof browser === 'string' ? { browser } : {}),
    ...(way === undefined ? {} : { back: way }),
  }
}

const textsOf = (values: { readonly [name: string]: Json }): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : [])))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
