/** Pieces of the document's schema that several steps share. Messages are sentences that say what would be right. */
import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '../duration.ts'
import type { ErrorRule } from '../document.ts'
import type { Json } from '../json.ts'

const hour = 3_600_000
export const day = 24 * hour

/** Whether a text holds what is only known when it runs: a merge field or an inline script. */
export const isDynamic = (text: string): boolean => text.startsWith('=') || /(^|[^\\])\{\{/.test(text)

/** Any JSON value; strings in it may hold merge fields. That it is JSON was checked before (`json-limits.ts`). */
export const json = (description: string) => z.custom<Json>(value => value !== undefined, 'A value is required').meta({ description })

export const text = (description: string, max = 10_000) => z.string().max(max).meta({ description })
export const required = (description: string, max = 10_000) => z.string().min(1).max(max).meta({ description })

interface DurationLimits {
  readonly min?: number
  readonly max: number
  /** How the limits are told: `at most 600s`. */
  readonly told: string
  /** It is a multiple of so many ms: whole seconds. */
  readonly unit?: number
}

function durationMessage(value: string, limits: DurationLimits): string | undefined {
  const ms = parseDuration(value)
  if (ms === undefined) return `${JSON.stringify(value)} is not a duration: write 500ms, 90s, 15m, 2h, 31d or 1w`
  if (ms < (limits.min ?? 0) || ms > limits.max) return `${value} is out of its limits: ${limits.told}`
  return ms % (limits.unit ?? 1) === 0 ? undefined : `${value} must be whole seconds`
}

const DURATION = new RegExp(DURATION_PATTERN)

/** A duration as written; the limits are checked too. */
export const duration = (description: string, limits: DurationLimits) =>
  z
    .string()
    .regex(DURATION, { abort: true, error: issue => durationMessage(String(issue.input), limits) ?? '' })
    .superRefine((value, context) => {
      const message = durationMessage(value, limits)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .meta({ description: `${description} Written as 500ms, 90s, 15m, 2h, 31d or 1w; ${limits.told}.` })

/** A duration, or text with merge fields that becomes one when it runs. */
export const dynamicDuration = (description: string, limits: DurationLimits) =>
  z
    .string()
    .superRefine((value, context) => {
      const message = isDynamic(value) ? undefined : durationMessage(value, limits)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .meta({ description: `${description} Written as 500ms, 90s, 15m, 2h, 31d or 1w, or with merge fields; ${limits.told}.` })

export const STEP_ID = /^[A-Za-z][A-Za-z0-9_]*$/

/** Where a path goes on: one step id, or a list that starts one path for each. */
export const next = (description: string) =>
  z
    .union([z.string(), z.array(z.string()).max(500)], { error: 'Must be the id of a step, or a list of ids' })
    .meta({ description: `${description} The id of a step, or a list of ids: one concurrent path for each. Left out, the path ends there.` })

/** Properties with names of any kind: headers, query. */
export const named = (description: string) =>
  z
    .record(
      z.string(),
      z.custom<Json>(value => value !== undefined),
    )
    .meta({ description })

/** One of a few words. */
export const word = <const T extends readonly [string, ...string[]]>(words: T, description: string) => z.enum(words).meta({ description })

const errorRules = ['stopTransaction', 'ignore', 'retry', 'stopCycle'] as const satisfies readonly ErrorRule[]

/** A rule for step errors (cycles.md 5). */
export const errorRule = (description: string) =>
  word(errorRules, `${description} stopTransaction ends the transaction Errored, ignore goes on, retry tries again later, stopCycle stops the cycle too.`)

/** What the rule `retry` goes by. */
export const retries = {
  maxRetries: z.int().min(1).max(5).meta({ description: 'How often the rule retry tries again. Default: 5.' }).exactOptional(),
  retryDelays: z
    .array(duration('How long before a retry.', { max: 31 * day, told: 'at most 31d' }))
    .min(1)
    .max(5)
    .meta({ description: 'The pauses before the first, second … retry; the last one stands for those left out. Default: 5m, 35m, 95m, 275m, 635m.' })
    .exactOptional(),
}

export const bodyType = word(['json', 'xml', 'form', 'text', 'html'], 'How the body is written. Default: json, or text where the body is a string.')
