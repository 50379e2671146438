/** What Temporal's visibility lists of the open transactions of some cycles: what waits for which value (operations.md 5), and what runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { decodeTypedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js'
import { asCycleId, asTransactionId, type CycleId } from '../domain/ids.ts'
import type { OpenTransaction } from '../storage/rebuild.ts'
import { TRANSACTION } from '../workflows/messages.ts'

export type ListedTransaction = OpenTransaction & { readonly cycle: CycleId }

export interface OpenTransactions {
  /** Page after page; a list is some hundred milliseconds old. Rejects where Temporal does not answer. */
  pages(cycles: readonly CycleId[]): AsyncIterable<readonly ListedTransaction[]>
}

const PAGE = 1_000
/** Temporal takes about ten lists a second (ms between two). */
const PACE = 120
const DEADLINE = 15_000
const TRIES = 5

const STATUS = defineSearchAttributeKey('TransactionStatus', SearchAttributeType.KEYWORD)
const WAITING_FOR = defineSearchAttributeKey('WaitingFor', SearchAttributeType.KEYWORD_LIST)

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>
type Listed = Page['executions'][number]

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

export function createOpenTransactions(client: Client, taskQueue: string): OpenTransactions {
  async function page(query: string, nextPageToken: Uint8Array): Promise<Page> {
    const { namespace } = client.options
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.withDeadline(Date.now() + DEADLINE, () =>
          client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: PAGE, nextPageToken }),
        )
      } catch (error) {
        if (attempt === TRIES) throw error
        await sleep(attempt * 500)
      }
    }
  }

  return {
    async *pages(cycles) {
      const conditions = [
        `WorkflowType = "${TRANSACTION}"`,
        'CloseTime IS NULL',
        `TaskQueue = ${quoted(taskQueue)}`,
        `CycleId IN (${cycles.map(quoted).join(', ')})`,
      ]
      let token: Uint8Array = new Uint8Array()
      do {
        const { executions, nextPageToken } = await page(conditions.join(' AND '), token)
        yield executions.flatMap(listed)
        token = nextPageToken
        await sleep(PACE)
      } while (token.length > 0)
    },
  }
}

function listed({ execution, startTime, searchAttributes }: Listed): ListedTransaction[] {
  const [, cycle, transaction] = /^transaction\/([^/]+)\/([^/]+)$/.exec(execution?.workflowId ?? '') ?? []
  if (cycle === undefined || transaction === undefined) return []
  const attributes = decodeTypedSearchAttributes(searchAttributes?.indexedFields)
  const status = attributes.get(STATUS)
  return [
    {
      cycle: asCycleId(cycle),
      transaction: asTransactionId(transaction),
      kind: status === 'Waiting' ? 'waiting' : status === 'Errored' ? 'failed' : 'running',
      startedAt: millis(startTime),
      values: status === 'Waiting' ? (attributes.get(WAITING_FOR) ?? []).flatMap(valueOf) : [],
    },
  ]
}

/** `step:hash`, as the workflow shows it. */
function valueOf(text: string): OpenTransaction['values'] {
  const at = text.lastIndexOf(':')
  return at < 1 ? [] : [{ stepId: text.slice(0, at), hash: text.slice(at + 1) }]
}

function millis(time: Listed['startTime']): string {
  const nanos = time?.nanos ?? 0
  const ms = Number(time?.seconds ?? 0) * 1_000 + Math.floor(nanos / 1_000_000)
  return `${ms}.${String(Math.floor(nanos / 1_000) % 1_000).padStart(3, '0')}`
}
