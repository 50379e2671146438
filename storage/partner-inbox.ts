/**
 * The inboxes of partner webhooks (webhooks.md 9): one for each connector. What was accepted stands there, in order, until it was handed to every cycle
 * that it is for. Whoever hands out holds a lease for a short time; what is done twice is harmless, as each copy has its event's id as its key.
 */
export interface PartnerEvent {
  /** Where it stands in its inbox. */
  readonly entry: string
  /** Its own id: the key of each of its copies. */
  readonly id: string
  /** ms since the epoch, by Redis's clock. */
  readonly acceptedAt: number
  /** JSON of the step data that webhook steps get. */
  readonly data: string
}

/** A right to hand out one connector's events, until its lease ends. */
export interface PartnerTurn {
  readonly connector: string
  readonly token: string
  readonly events: readonly PartnerEvent[]
}

/** All methods reject with `StorageUnavailable` where Redis cannot be reached. */
export interface PartnerInbox {
  /** On disk when this resolves. `replayed`: the sender's key was seen before, and nothing was written. `full`: over a limit. */
  accept(connector: string, event: { readonly id: string; readonly key?: string; readonly data: string }): Promise<'accepted' | 'replayed' | 'full'>
  /** Whether the sender's key was seen before. */
  known(connector: string, key: string): Promise<boolean>
  /** The connector that has waited longest and that nobody has, and its first events; undefined where nothing is to be done now. */
  claim(): Promise<PartnerTurn | undefined>
  /** Prolongs the lease; false where it was lost. */
  renew(turn: PartnerTurn): Promise<boolean>
  done(turn: PartnerTurn, event: PartnerEvent): Promise<void>
  /** It is looked at again after `delayMs`; those behind it go on. */
  later(turn: PartnerTurn, event: PartnerEvent, delayMs: number): Promise<void>
  release(turn: PartnerTurn): Promise<void>
}
