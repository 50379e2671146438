import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flywheel, folder } from './harness.ts'

const good = `name: Good
steps:
  - { id: order, type: webhook, next: done }
  - { id: done, type: synchronousResponse }
`
const bad = `name: Bad
steps:
  - id: order
    type: webhook
    next: [call, nope]
  - id: call
    type: request
    methode: GET
    url: "{{oder.body.x}}"
`
const badJson = `{
  "name": "Bad",
  "steps": [
    { "id": "order", "type": "webhook", "next": "work" },
    { "id": "work", "type": "script",
      "source": "function run(input { }" }
  ]
}
`

describe('flywheel validate', () => {
  it('tells that documents are valid, of a folder those that are cycles', async () => {
    const cwd = folder({ 'a.yaml': good, 'deep/b.json': JSON.stringify({ name: 'B', steps: [] }), 'list.yaml': '- 1', 'notes.txt': '', '.hidden/c.yaml': bad })
    const { code, out } = await flywheel(['validate', 'a.yaml'], { cwd })
    expect([code, out]).toEqual([0, 'a.yaml: valid\n'])
    const all = await flywheel(['validate', '.'], { cwd })
    expect(all.out).toBe('a.yaml: valid\ndeep/b.json:1:13: steps: Must have at least 2 entries; it has 0\n')
  })

  it('tells all problems of all files with line and column, and ends with 4', async () => {
    const cwd = folder({ 'bad.yaml': bad, 'bad.json': badJson, 'good.yaml': good, 'broken.yaml': 'name: x\nsteps: [\n' })
    const { code, out, err } = await flywheel(['validate', 'bad.yaml', 'bad.json', 'good.yaml', 'broken.yaml'], { cwd })
    expect(code).toBe(4)
    expect(out).toMatchInlineSnapshot(`
      "bad.yaml:5:18: steps[0].next[1]: There is no step "nope".
      bad.yaml:6:5: steps[1].method: Is required: text
      bad.yaml:8:5: steps[1].methode: Unknown property "methode". Did you mean "method"?
      bad.yaml:9:5: steps[1].url: oder.body.x begins with "oder", which is neither a step nor variables, webhooks, transaction, cycle or account. Did you mean "order"?
      bad.json:6:7: steps[1].source: The script does not parse: Unexpected token '{' (line 1)
      good.yaml: valid
      broken.yaml:3:1: The YAML cannot be read at line 3, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]
      "
    `)
    expect(err).toBe('3 documents are not valid.\n')
  })

  it('prints the same as JSON', async () => {
    const cwd = folder({ 'bad.json': badJson, 'good.yaml': good })
    const { code, out, err } = await flywheel(['validate', 'bad.json', 'good.yaml', '--json'], { cwd })
    expect(code).toBe(4)
    expect(JSON.parse(out)).toEqual([
      { File: 'bad.json', Valid: false, Problems: [{ Path: 'steps[1].source', Line: 6, Column: 7, Message: expect.stringContaining('does not parse') }] },
      { File: 'good.yaml', Valid: true, Problems: [] },
    ])
    expect(JSON.parse(err)).toEqual({ ExitCode: 4, Message: '1 document is not valid.' })
  })

  it('reads standard input, whichever form it has', async () => {
    expect((await flywheel(['validate', '-'], { stdin: good })).out).toBe('-: valid\n')
    expect((await flywheel(['validate', '-'], { stdin: badJson })).out).toContain('-:6:7: steps[1].source')
  })

  it('refuses a document that the server would find too large', async () => {
    const { code, out } = await flywheel(['validate', '-'], { stdin: `${good}# ${'x'.repeat(256 * 1024)}` })
    expect([code, out]).toEqual([4, expect.stringContaining('at most 262144 (256 KiB)')])
  })

  it('tells a file that is not there as a usage error', async () => {
    const { code, err } = await flywheel(['validate', 'nowhere.yaml'])
    expect([code, err]).toEqual([2, 'nowhere.yaml cannot be read: there is no such file.\n'])
    expect((await flywheel(['validate', '.'], { cwd: folder({ 'list.yaml': '- 1' }) })).code).toBe(2)
  })

  it('ends in an exit code for whatever is in a file', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.stringMatching(/^[-[\]{}:&*!|>'"%@`#,? \na-z]{0,60}$/),
      fc.nat(good.length).map(n => good.slice(0, n)),
    )
    await fc.assert(
      fc.asyncProperty(text, async stdin => {
        const { code, out } = await flywheel(['validate', '-'], { stdin })
        expect([0, 4]).toContain(code)
        expect(out).toMatch(/^-:( valid|\d+:\d+: )/)
      }),
      { numRuns: 100 },
    )
  })
})
