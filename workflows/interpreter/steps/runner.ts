import type { StepOf, StepType } from '../../../domain/document.ts'
import type { StepId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import type { StepTools } from '../tools.ts'

/** What came of one execution of a step. */
export type StepOutcome =
  /** The path goes on at each of `exits`; `data` becomes the step's data. */
  | { readonly kind: 'leaves'; readonly exits: readonly StepId[]; readonly data?: Json }
  /** A mid-cycle webhook: the path ends here until a request comes. */
  | { readonly kind: 'stands' }
  /** A join: the path stands here until every other one has ended or stands. */
  | { readonly kind: 'joins' }
  /** The run was halted in a delay that ends at `until` (ms since the epoch). */
  | { readonly kind: 'interrupted'; readonly until: number }

/** Executes one type of step. A step error is thrown as `StepError`. */
export type StepRunner<T extends StepType> = (step: StepOf<T>, tools: StepTools) => StepOutcome | Promise<StepOutcome>
