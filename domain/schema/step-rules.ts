/** Rules of single steps, settings and variables that look at more than one property. */
import { patternProblem } from '../conditions.ts'
import type { Problem } from '../errors.ts'
import type { Json } from '../json.ts'
import { isJsonObject } from '../objects.ts'
import { secretName, variableOf } from '../verify-secret.ts'
import { isDynamic } from './fields.ts'
import { placeText } from './paths.ts'
import type { View, ViewStep } from './view.ts'

/** webhooks.md 6: how a mid-cycle webhook finds its transaction; the trigger begins one. */
function matchRules(step: ViewStep): Problem[] {
  const path = `steps[${step.index}].match`
  const has = step.raw['match'] !== undefined
  if (step.type !== 'webhook' || has === step.index > 0) return []
  if (has) return [{ path, message: 'The trigger begins a transaction: match is for webhooks further down' }]
  return [{ path, message: 'Is required on a webhook that is not the trigger: { request: body.orderId, transaction: order.body.id }' }]
}

function patternRules(step: ViewStep): Problem[] {
  const { condition, right } = step.raw
  if (step.type !== 'decision' || condition !== 'matches' || typeof right !== 'string' || isDynamic(right)) return []
  const problem = patternProblem(right)
  return problem === undefined ? [] : [{ path: `steps[${step.index}].right`, message: `Is not a regular expression (RE2): ${problem}` }]
}

/** webhooks.md 10: a secret is written there, or is one merge field of a secret variable. */
function verifyRules(step: ViewStep, view: View): Problem[] {
  const { verify } = step.raw
  if (step.type !== 'webhook' || !isJsonObject(verify)) return []
  const name = Object.entries(secretName).find(([scheme]) => scheme === verify['scheme'])?.[1] ?? ''
  const secret = verify[name]
  if (typeof secret !== 'string' || !secret.includes('{{')) return []
  const variable = variableOf(secret)
  const path = `steps[${step.index}].verify.${name}`
  if (variable === undefined)
    return /^\s*\{\{[^{}]*\}\}\s*$/.test(secret) ? [{ path, message: 'The merge field of a secret must name a secret variable: {{variables.NAME}}' }] : []
  const isSecret = view.variables.get(variable)
  if (isSecret === undefined)
    return [{ path, message: `The variable "${variable}" is not declared in variables.${view.suggest(variable, view.variables.keys())}` }]
  return isSecret ? [] : [{ path, message: `The variable "${variable}" is not secret: declare it with secret: true, so that it is stored encrypted` }]
}

const HEADER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function headerRules(step: ViewStep): Problem[] {
  const { headers } = step.raw
  if (!isJsonObject(headers)) return []
  return Object.keys(headers).flatMap(name =>
    HEADER.test(name) || isDynamic(name)
      ? []
      : [{ path: placeText(['steps', step.index, 'headers', name]), message: `${JSON.stringify(name)} cannot be the name of a header` }],
  )
}

/** cycles.md 4: a schedule is the trigger, and goes by an interval or by cron. */
function scheduleRules(step: ViewStep): Problem[] {
  if (step.type !== 'schedule') return []
  const path = `steps[${step.index}]`
  if (step.index > 0) return [{ path: `${path}.type`, message: 'A schedule is a trigger: it can only be the first step' }]
  const { every, cron } = step.raw
  if (every !== undefined && cron !== undefined) return [{ path: `${path}.cron`, message: 'Give every or cron, not both' }]
  return every === undefined && cron === undefined ? [{ path, message: 'A schedule needs every, such as 15m, or cron, such as 0 6 * * *' }] : []
}

/** cycles.md 4: a webhook step that has a connector names a method of it. */
function connectorRules(step: ViewStep): Problem[] {
  if (step.type !== 'webhook') return []
  const { connector, method } = step.raw
  if ((connector === undefined) === (method === undefined)) return []
  const [missing, there] = method === undefined ? ['method', 'connector'] : ['connector', 'method']
  return [{ path: `steps[${step.index}].${missing}`, message: `Is missing: connector and method of a webhook go together, and ${there} is given` }]
}

function variableRules(root: Json): Problem[] {
  const variables = isJsonObject(root) && Array.isArray(root['variables']) ? root['variables'] : []
  const seen = new Map<string, number>()
  return variables.flatMap((raw, i): Problem[] => {
    if (!isJsonObject(raw)) return []
    const { name, secret, value } = raw
    const problems: Problem[] = []
    if (typeof name === 'string') {
      const first = seen.get(name)
      if (first !== undefined)
        problems.push({ path: `variables[${i}].name`, message: `The variable "${name}" stands at variables[${first}] already: names are unique` })
      else seen.set(name, i)
    }
    if (secret === true && value !== undefined && typeof value !== 'string')
      problems.push({ path: `variables[${i}].value`, message: 'The value of a secret variable must be text' })
    if (secret === true && raw['options'] !== undefined)
      problems.push({ path: `variables[${i}].options`, message: 'A secret variable cannot have options: they would show its values' })
    return problems
  })
}

export const stepProblems = (view: View, root: Json): Problem[] => [
  ...variableRules(root),
  ...view.steps.flatMap(step => [
    ...matchRules(step),
    ...patternRules(step),
    ...headerRules(step),
    ...scheduleRules(step),
    ...connectorRules(step),
    ...verifyRules(step, view),
  ]),
]
