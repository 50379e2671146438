/** Which of an account's account connectors a cycle uses (connectors.md 2). Pure. */
import type { ConnectorDocument } from './connector.ts'

/** Whether calls need an account connector: for credentials, or for settings that must be there. */
export const needsAccountConnector = ({ authentication, settings = [] }: ConnectorDocument): boolean =>
  authentication.type !== 'none' || settings.some(({ required }) => required === true)

/** `several`: the cycle has to say which. */
export type Choice<T> = { readonly kind: 'one'; readonly one: T } | { readonly kind: 'none' } | { readonly kind: 'several'; readonly names: readonly string[] }

interface Held {
  readonly id: string
  readonly value: { readonly connectorId: string; readonly name: string }
}

/** `held`: all of the account. `chosen`: id of the one that the cycle says; one that is gone does not count. */
export function chooseAccountConnector<T extends Held>(held: readonly T[], connectorId: string, chosen: string | undefined): Choice<T> {
  const own = held.filter(({ value }) => value.connectorId === connectorId)
  const said = own.find(({ id }) => id === chosen)
  const one = said ?? (own.length === 1 ? own[0] : undefined)
  if (one !== undefined) return { kind: 'one', one }
  return own.length === 0 ? { kind: 'none' } : { kind: 'several', names: own.map(({ value }) => value.name) }
}

/** A name that tells a new account connector from the others of its connector: `wanted`, or `wanted 2` and so on. */
export function freeName(taken: Iterable<string>, wanted: string): string {
  const names = new Set(taken)
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted} ${n}`
    if (!names.has(name)) return name
  }
}
