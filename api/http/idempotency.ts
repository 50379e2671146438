/** `Idempotency-Key` on management POSTs: for 24 h, by client, account and path (api.md). */
import { ApiError, StorageUnavailable } from '../../domain/errors.ts'
import type { Answers } from '../../storage/registry.ts'
import type { Services } from '../services.ts'
import { written, type Written } from './written.ts'

/**
 * Runs once for a key; a repeat gets the first answer with `Idempotent-Replayed: true`, and one that races with the first `request_in_progress`.
 * An answer that is an error uses up no key. What is kept is sealed: an answer may hold what is shown once, as a marketplace's secret.
 */
export async function once(
  { answers, sealer }: { readonly answers: Answers; readonly sealer: Pick<Services['sealer'], 'seal' | 'open'> },
  scope: string,
  key: string | undefined,
  run: () => Promise<Written | undefined>,
): Promise<Written | undefined> {
  if (key === undefined) return run()
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new ApiError('request_invalid', 'The Idempotency-Key must be 1 to 255 visible ASCII characters.')
  const found = await answers.claim(scope, key)
  if (found.state === 'busy') throw new ApiError('request_in_progress', 'A request with this Idempotency-Key runs at this moment.')
  if (found.state === 'known') {
    const first = written.parse(typeof found.answer === 'string' ? JSON.parse(sealer.open(found.answer)) : found.answer)
    return { ...first, headers: { ...first.headers, 'Idempotent-Replayed': 'true' } }
  }
  let answer: Written | undefined
  try {
    answer = await run()
  } catch (error) {
    // Where Redis does not answer, waiting for it once more would only keep the caller.
    if (error instanceof StorageUnavailable) void release(answers, scope, key)
    else await release(answers, scope, key)
    throw error
  }
  if (answer !== undefined && answer.status < 300) await answers.put(scope, key, sealer.seal(JSON.stringify(answer)))
  else await release(answers, scope, key)
  return answer
}

/** Where this fails too, the key frees itself after a while. */
async function release(answers: Answers, scope: string, key: string): Promise<void> {
  await answers.forget(scope, key).catch(() => undefined)
}
