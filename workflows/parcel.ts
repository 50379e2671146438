/**
 * A transaction's input as arguments of its workflow: what is large in it is an argument of its own, so that it is stored once however often the
 * transaction goes on in a new history, or gives it to items (decision 12). Small values stay together, as one payload.
 */
import type { TriggerData, WebhookData } from '../domain/document.ts'
import type { StepId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import type { Carried, Delivery, ResponseResult, Snapshot, TransactionInput } from './messages.ts'
import { isLarge } from './payload.ts'

interface Values {
  readonly snapshot: Snapshot
  readonly trigger: TriggerData
  readonly data: Json
  readonly response: ResponseResult
  /** Data of the delivery at that place of the queue. */
  readonly queue: WebhookData
}
type Kind = keyof Values
/** An argument of its own: it reads the same as where the value comes from, an activity's result for instance. */
export type Part = Values[Kind]
/** Where it belongs: step, request, or place in the queue; empty where there is only one. */
type PartName = readonly [kind: Kind, key: string]

type PackedDelivery = Omit<Delivery, 'data'> & { readonly data?: WebhookData }

/** A `TransactionInput` without its large parts: what `parts` names comes as the next arguments, in that order. */
export interface Packed extends Omit<TransactionInput, 'snapshot' | 'trigger' | 'carried'> {
  readonly snapshot?: Snapshot
  readonly trigger: { readonly stepId: StepId; readonly data?: TriggerData }
  readonly carried?: Omit<Carried, 'queue'> & { readonly queue: readonly PackedDelivery[] }
  readonly parts?: readonly PartName[]
}

export function pack(input: TransactionInput): [Packed, ...Part[]] {
  const parts: PartName[] = []
  const values: Part[] = []
  const takenOut = <K extends Kind>(kind: K, key: string, value: Values[K]): boolean => {
    if (!isLarge(value)) return false
    parts.push([kind, key])
    values.push(value)
    return true
  }
  /** With `empty` in place of what was taken out, so that the order stays. */
  const record = <K extends Kind>(kind: K, entries: { readonly [key: string]: Values[K] }, empty: Values[K]): { [key: string]: Values[K] } =>
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, takenOut(kind, key, value) ? empty : value]))

  const { snapshot, trigger, carried, ...rest } = input
  const packed: Packed = {
    ...rest,
    ...(takenOut('snapshot', '', snapshot) ? {} : { snapshot }),
    trigger: trigger.data !== undefined && takenOut('trigger', '', trigger.data) ? { stepId: trigger.stepId } : trigger,
    ...(carried === undefined
      ? {}
      : {
          carried: {
            ...carried,
            data: record('data', carried.data, null),
            responses: record('response', carried.responses, { kind: 'none' }),
            queue: carried.queue.map(({ data, ...delivery }, at) => (takenOut('queue', String(at), data) ? delivery : { ...delivery, data })),
          },
        }),
  }
  return [parts.length === 0 ? packed : { ...packed, parts }, ...values]
}

export function unpack({ parts = [], snapshot, trigger, carried, ...rest }: Packed, values: readonly Part[]): TransactionInput {
  /** What `pack` took out of such a place. */
  const all = <K extends Kind>(kind: K): { [key: string]: Values[K] } =>
    Object.fromEntries(parts.flatMap(([of, key], at) => (of === kind ? [[key, values[at] as Values[K]]] : [])))
  const one = <T>(inside: T | undefined, taken: T | undefined): T => {
    const found = inside ?? taken
    if (found === undefined) throw new Error('A part of the input is missing')
    return found
  }
  const queued = all('queue')
  const triggered = trigger.data ?? all('trigger')['']
  return {
    ...rest,
    snapshot: one(snapshot, all('snapshot')['']),
    trigger: { stepId: trigger.stepId, ...(triggered === undefined ? {} : { data: triggered }) },
    ...(carried === undefined
      ? {}
      : {
          carried: {
            ...carried,
            data: { ...carried.data, ...all('data') },
            responses: { ...carried.responses, ...all('response') },
            queue: carried.queue.map((delivery, at) => ({ ...delivery, data: one(delivery.data, queued[at]) })),
          },
        }),
  }
}
