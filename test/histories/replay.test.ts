import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Worker } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { loadBundle } from '../../worker/bundle.ts'
import { scenarios } from './scenarios.ts'

const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.json'))

describe('recorded histories', () => {
  it('replay with the workflows as they are now', async () => {
    const histories = files.map(file => ({ workflowId: basename(file, '.json'), history: JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) }))
    const replayed: string[] = []
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: await loadBundle() }, histories)) {
      if (error !== undefined) throw new Error(`${workflowId} does not replay`, { cause: error })
      replayed.push(workflowId)
    }
    expect(replayed.sort()).toEqual(files.map(file => basename(file, '.json')).sort())
  })

  it('are there for every scenario', () => {
    expect(files.map(file => basename(file, '.json')).sort()).toEqual(scenarios.map(({ name }) => name).sort())
  })
})
