/** Brings the partner's templates to what documents say: each document is the template of its name. */
import { z } from 'zod'
import type { CycleDocument } from '../domain/document.ts'
import { template, type Template } from './answers.ts'
import type { Api } from './api.ts'
import { bodyOf, refusal, type Applied } from './applied.ts'
import type { Valid } from './documents.ts'
import { CliError } from './exit.ts'
import { compare } from './same.ts'

export interface TemplateOptions {
  /** What it says is live then. */
  readonly promote: boolean
  /** It may be offered to users then; it is live for that. */
  readonly publish: boolean
  /** Also where only secrets may differ. */
  readonly secrets: boolean
}

export interface AppliedTemplate extends Applied {
  /** As it stands now; undefined where it was not made. */
  readonly template?: Template
}

const pathOf = ({ Id }: Template): string => `/templates/${encodeURIComponent(Id)}`

/** `known`: all templates. What the server refuses is told in the result; throws what would keep the next document from being applied too. */
export async function applyTemplate(api: Api, checked: Valid<CycleDocument>, known: readonly Template[], options: TemplateOptions): Promise<AppliedTemplate> {
  const [before, ...others] = known.filter(({ Name }) => Name === checked.document.name)
  if (before !== undefined && others.length > 0) {
    const ids = [before, ...others].map(({ Id }) => Id).join(', ')
    return { result: 'refused', problem: new CliError('refused', `Several templates have this name: delete all but one (${ids}).`) }
  }
  const same = before === undefined ? 'other' : compare(z.json().parse(checked.document), before.Definition)
  const write = same === 'other' || (same === 'maybe' && options.secrets)
  let now = before
  let result: AppliedTemplate['result'] = 'unchanged'
  try {
    if (write) {
      now = await save(api, before, checked)
      result = before === undefined ? 'created' : 'updated'
    }
    if (now !== undefined && options.promote && now.Releases.at(-1)?.Status === 'Draft') {
      now = (await api.call('POST', `${pathOf(now)}/promote`, template)).value
      if (result === 'unchanged') result = 'updated'
    }
    if (now !== undefined && options.publish && !now.Published) {
      now = (await api.call('PUT', `${pathOf(now)}/publish`, template)).value
      if (result === 'unchanged') result = 'updated'
    }
  } catch (error) {
    return { result: result === 'unchanged' ? 'refused' : result, ...(now === undefined ? {} : { template: now }), problem: refusal(error) }
  }
  const note = same === 'maybe' && !write ? { note: 'Its secrets cannot be compared with those that the server has: --secrets writes them.' } : {}
  return { result, ...(now === undefined ? {} : { template: now }), ...note }
}

async function save(api: Api, before: Template | undefined, checked: Valid<CycleDocument>): Promise<Template> {
  const [method, path] = before === undefined ? ['POST', '/templates'] : ['PUT', pathOf(before)]
  return (await api.call(method, path, template, bodyOf(checked))).value
}
