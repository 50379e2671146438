/** A document is parsed whole: all that is wrong with it is told at once (cycles.md 1). */
import type { CycleDocument } from '../document.ts'
import type { Problem } from '../errors.ts'
import { documentSchema } from './document.ts'
import { graphProblems } from './graph-rules.ts'
import { problemsOf } from './issues.ts'
import { asJson } from './json-limits.ts'
import { cycleWords } from './known.ts'
import { mergeProblems } from './merge-rules.ts'
import { stepProblems } from './step-rules.ts'
import { viewOf } from './view.ts'

export type ParsedDocument = { readonly ok: true; readonly document: CycleDocument } | { readonly ok: false; readonly problems: Problem[] }

const MAX_PROBLEMS = 500

/** Problems of the whole first, then step by step; what is said twice of one place is said once. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const indexOf = (problem: Problem): number => Number(/^steps\[(\d+)\]/.exec(problem.path)?.[1] ?? -1)
  const seen = new Set<string>()
  return problems
    .filter(({ path, message }) => {
      const key = `${path}\n${message}`
      return !seen.has(key) && seen.add(key)
    })
    .toSorted((a, b) => indexOf(a) - indexOf(b))
}

/** Parses a document that was read from JSON or YAML. Never throws. */
export function parseDocument(input: unknown): ParsedDocument {
  const json = asJson(input)
  if (!json.ok) return { ok: false, problems: [json.problem] }
  const parsed = documentSchema.safeParse(json.value)
  const view = viewOf(json.value)
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error, json.value, MAX_PROBLEMS + 1, cycleWords)),
    ...stepProblems(view, json.value),
    ...graphProblems(view),
    ...mergeProblems(view),
  ]
  if (parsed.success && problems.length === 0) return { ok: true, document: parsed.data }
  const all = inOrder(problems)
  if (all.length <= MAX_PROBLEMS) return { ok: false, problems: all }
  return { ok: false, problems: [...all.slice(0, MAX_PROBLEMS), { path: '', message: `There are more than ${MAX_PROBLEMS} problems` }] }
}
