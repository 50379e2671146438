/** What a user has chosen so far of one installation: sealed, with the session. */
import type { Json } from '../../../domain/json.ts'
import type { Services } from '../../services.ts'
import type { Session } from '../session.ts'
import type { Subject } from './subject.ts'

/** An account connector that the user is about to authenticate. */
export interface Connecting {
  /** Of the account connector: it is there, or gets this id (`isNew`), so that what is sent twice makes one. */
  readonly id: string
  readonly isNew: boolean
  /** As typed; left out, they were not asked yet. */
  readonly settings?: { readonly [name: string]: string }
}

export interface Draft {
  /** Ids of account connectors that were chosen, by id of the connector. */
  readonly accountConnectors?: { readonly [connectorId: string]: string }
  /** By id of the connector. */
  readonly connecting?: { readonly [connectorId: string]: Connecting }
  /** Values of variables, by `{templateId}.{variable}`. */
  readonly variables?: { readonly [name: string]: Json }
  /** Names of variables that the user has seen and set, or left as they are. */
  readonly settled?: readonly string[]
}

type Needs = Pick<Services, 'registry' | 'sealer'>

const keyOf = ({ kind, id }: Subject): string => `${kind}/${id}`

export async function readDraft({ registry, sealer }: Needs, session: Session, subject: Subject): Promise<Draft> {
  const sealed = await registry.signIns.draft(session.id, keyOf(subject))
  const draft: Draft = sealed === undefined ? {} : JSON.parse(sealer.open(sealed))
  return draft
}

export async function saveDraft({ registry, sealer }: Needs, session: Session, subject: Subject, draft: Draft): Promise<void> {
  await registry.signIns.saveDraft(session.id, keyOf(subject), sealer.seal(JSON.stringify(draft)))
}

export const forgetDraft = ({ registry }: Needs, session: Session, subject: Subject): Promise<void> =>
  registry.signIns.saveDraft(session.id, keyOf(subject), undefined)
