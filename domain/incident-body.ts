/** What the transaction error webhook sends (cycles.md 5). */

export interface IncidentFacts {
  /** ms since the epoch. */
  readonly at: number
  readonly account: { readonly id: string; readonly apiId: string; readonly name: string }
  readonly cycle: { readonly id: string; readonly name: string | undefined }
  readonly step: { readonly id?: string | undefined; readonly name?: string | undefined; readonly type?: string | undefined }
  readonly transaction: string | undefined
  readonly message: string
  readonly detail: string
  readonly level: 'Error' | 'Warning'
}

/** Compact JSON with exactly these names in exactly this order; what is not known is null. */
export function incidentBody({ at, account, cycle, step, transaction, message, detail, level }: IncidentFacts): string {
  return JSON.stringify({
    Timestamp: new Date(at).toISOString(),
    AccountId: account.id,
    AccountExternalId: account.apiId,
    AccountName: account.name,
    CycleId: cycle.id,
    CycleName: cycle.name ?? null,
    StepId: step.id ?? null,
    StepName: step.name ?? null,
    StepType: step.type ?? null,
    TransactionId: transaction ?? null,
    Message: message,
    Detail: detail,
    IncidentLevel: level,
  })
}
