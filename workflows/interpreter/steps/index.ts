import type { Step, StepOf, StepType } from '../../../domain/document.ts'
import type { StepTools } from '../tools.ts'
import { decision } from './decision.ts'
import { delay } from './delay.ts'
import { method } from './method.ts'
import { request } from './request.ts'
import type { StepOutcome, StepRunner } from './runner.ts'
import { schedule } from './schedule.ts'
import { script } from './script.ts'
import { switchStep } from './switch.ts'
import { synchronousResponse } from './synchronous-response.ts'
import { waitAll } from './wait-all.ts'
import { waitUntil } from './wait-until.ts'
import { webhook } from './webhook.ts'

/** One runner for each step type: a forgotten one does not compile. */
const runners: { readonly [T in StepType]: StepRunner<T> } = {
  webhook,
  schedule,
  synchronousResponse,
  request,
  method,
  script,
  decision,
  switch: switchStep,
  delay,
  waitUntil,
  waitAll,
}

type StepsByType = { readonly [T in StepType]: StepOf<T> }

const dispatch = <T extends StepType>(type: T, step: StepsByType[T], tools: StepTools): StepOutcome | Promise<StepOutcome> => runners[type](step, tools)

export const runStep = async (step: Step, tools: StepTools): Promise<StepOutcome> => dispatch(step.type, step, tools)
