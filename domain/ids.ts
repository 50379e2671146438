/** Ids are branded strings: one kind never stands where another is meant. They are made at the edges (api, storage), never here. */
declare const brand: unique symbol
type Branded<B extends string> = string & { readonly [brand]: B }

/** GUID of an account, lower-case. */
export type AccountId = Branded<'AccountId'>
/** GUID of a cycle, lower-case. */
export type CycleId = Branded<'CycleId'>
/** GUID of a transaction, given when its webhook was accepted (cycles.md 6). */
export type TransactionId = Branded<'TransactionId'>
/** GUID of one accepted request; of a trigger's request it is the transaction's own id. */
export type RequestId = Branded<'RequestId'>
/** Random string of an inbound webhook's URL: 22 base-62 characters (webhooks.md 1). */
export type Identifier = Branded<'Identifier'>
/** Id of a step, unique in its document (cycles.md 2). */
export type StepId = string

/** Marks a string that was checked, or made, to be that kind of id. */
export const asAccountId = (value: string): AccountId => value as AccountId
export const asCycleId = (value: string): CycleId => value as CycleId
export const asTransactionId = (value: string): TransactionId => value as TransactionId
export const asRequestId = (value: string): RequestId => value as RequestId
export const asIdentifier = (value: string): Identifier => value as Identifier

/** Where a cycle lives: its account decides the partition (architecture.md 3). */
export interface Place {
  readonly account: AccountId
  readonly cycle: CycleId
}
