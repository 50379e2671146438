/** Waits for the end of an operation (`?wait=true`). */
import type { AccountId } from '../../domain/ids.ts'
import type { Operation } from '../../storage/operation.ts'
import type { Services } from '../services.ts'

/** Announcements can be lost. */
const LOOK_MS = 1_000
/** After that long it is answered as it stands: whoever called may ask for it by its id. */
export const WAIT_MAX = 60_000

/** The operation when it has ended, or as it stands after a minute; undefined where it went with its account. */
export async function untilEnded({ registry, operations }: Services, account: AccountId, id: string): Promise<Operation | undefined> {
  const until = performance.now() + WAIT_MAX
  let told: (() => void) | undefined
  let said = false
  const close = operations.onEnd(id, () => {
    said = true
    told?.()
  })
  try {
    for (;;) {
      said = false
      const operation = await registry.operations.get(account, id)
      const left = until - performance.now()
      if (operation?.status !== 'Running' || left <= 0) return operation
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(LOOK_MS, left))
        told = () => (clearTimeout(timer), resolve())
        if (said) told()
      })
    }
  } finally {
    close()
  }
}
