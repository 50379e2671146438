import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createScripting, ScriptError } from '../../scripting/index.ts'
import { createEngine } from '../../scripting/engine.ts'
import type { Json } from '../../domain/json.ts'

const scripting = createScripting({ timeoutMs: 700, memoryBytes: 64 * 1024 * 1024, threads: 1 })
/** Where a slow machine must not turn one limit into the other. */
const patient = createScripting({ timeoutMs: 20_000, memoryBytes: 64 * 1024 * 1024, threads: 1 })
beforeAll(() => scripting.check('1', 'script'))
afterAll(() => Promise.all([scripting.close(), patient.close()]))

async function run(body: string, ...args: Json[]): Promise<Json | undefined> {
  const { result } = await scripting.call(`function run(input) { ${body} }`, 'run', args)
  return result
}
async function calmly(body: string): Promise<Json | undefined> {
  const { result } = await patient.call(`function run() { ${body} }`, 'run', [])
  return result
}
async function failure(work: Promise<unknown>): Promise<Pick<ScriptError, 'reason' | 'message'>> {
  const error = await work.then(
    value => new Error(`no error, but ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ScriptError)) throw error
  return { reason: error.reason, message: error.message }
}

describe('a call', () => {
  it('answers the result and the globals that were asked for', async () => {
    const source = 'function f(a, b) { state.n += 1; text = a + b; return { sum: a + b } }'
    const answer = await scripting.call(source, 'f', [1, 2], { globals: { state: { n: 1 }, text: '' }, read: ['state', 'text', 'nothing'] })
    expect(answer).toEqual({ result: { sum: 3 }, globals: { state: { n: 2 }, text: 3 } })
  })
  it('finds functions that are constants of the script', async () => {
    expect((await scripting.call('const f = () => 1', 'f', [])).result).toBe(1)
  })
  it('answers undefined where nothing is returned', async () => {
    expect(await run('')).toBeUndefined()
  })
  it('waits for a promise, and refuses one that never settles', async () => {
    expect((await scripting.call('async function f() { return await 5 }', 'f', [])).result).toBe(5)
    expect(await failure(run('return Promise.reject(new Error("late"))'))).toEqual({ reason: 'threw', message: 'late' })
    expect((await failure(run('return new Promise(() => {})'))).reason).toBe('result')
  })
  it('has a fresh context, whatever the call before did', async () => {
    await run('globalThis.left = 1; Array.prototype.push = null; moment.locale = 7; CryptoJS.SHA1 = 8; JSON.stringify = null; Object.prototype.x = 1')
    expect(await run('return [typeof left, typeof [].push, typeof moment.locale, typeof CryptoJS.SHA1, typeof JSON.stringify, typeof ({}).x]')).toEqual([
      'undefined',
      'function',
      'function',
      'function',
      'function',
      'undefined',
    ])
  })
  it('takes and gives any JSON as it is', async () => {
    const value: Json = { a: [1.5, -0.25, 1e21, null, true], text: '\u0000 é € 😀 \ud800 \u2028', nested: { __proto__: null } }
    expect(await run('return input', value)).toEqual(value)
    expect(JSON.stringify(await run('return input', JSON.parse('{"__proto__":{"a":1}}')))).toBe('{"__proto__":{"a":1}}')
  })
  it('draws other random numbers each time', async () => {
    expect(await run('return Math.random()')).not.toBe(await run('return Math.random()'))
  })
})

describe('an error', () => {
  it.each<[string, string, string]>([
    ['throw new Error("no stock")', 'threw', 'no stock'],
    ['throw "plain"', 'threw', 'plain'],
    ['throw { code: 1 }', 'threw', '{"code":1}'],
    ['missing.name', 'threw', "ReferenceError: 'missing' is not defined"],
    ['JSON.parse("{")', 'threw', 'SyntaxError'],
    ['return run', 'result', 'function'],
    ['return 10n', 'result', ''],
    ['const a = {}; a.a = a; return a', 'result', ''],
    ['return ["x".repeat(11e6)]', 'result', '10 MiB'],
  ])('%s is %s', async (body, reason, message) => {
    const error = await failure(run(body))
    expect(error.reason).toBe(reason)
    expect(error.message).toContain(message)
  })
  it('tells of a function that is not there, and of a source that does not parse, with its place', async () => {
    expect((await failure(scripting.call('', 'run', []))).message).toContain('run')
    expect(await failure(scripting.call('\nfunction run( {', 'run', []))).toMatchObject({
      reason: 'syntax',
      message: expect.stringMatching(/line 2, column \d+/),
    })
  })
})

describe('the limits (webhooks.md 8)', () => {
  it.each([
    ['timeout', 'for (;;) {}'],
    ['timeout', 'try { for (;;) {} } catch {} finally { for (;;) {} }'],
    ['timeout', 'return /(a+)+b/.test("a".repeat(40))'],
    ['timeout', 'const f = () => void Promise.resolve().then(f); f(); return new Promise(() => {})'],
    ['timeout', 'throw { toString() { for (;;); }, toJSON() { for (;;); } }'],
    ['memory', 'const a = []; for (;;) a.push(new Array(1e5).fill(1))'],
    ['memory', 'let a = []; for (;;) a = [a]'],
    ['memory', 'return "x".repeat(1e9)'],
    ['memory', 'return new Uint8Array(1e9)'],
    ['memory', 'return run()'],
    ['memory', 'const p = new Proxy({}, { get: () => p.a }); return p.a'],
  ])('%s: %s', async (reason, body) => {
    const sandbox = reason === 'timeout' ? scripting : patient
    expect((await failure(sandbox.call(`function run() { ${body} }`, 'run', []))).reason).toBe(reason)
    expect((await sandbox.call('function run() { return 1 }', 'run', [])).result).toBe(1)
  })
  it('what a script throws is told as that, also after one that used all memory', async () => {
    for (let i = 0; i < 3; i++)
      expect((await failure(patient.call('function run() { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }', 'run', []))).reason).toBe('memory')
    for (const thrown of ['"plain"', '1', '{ code: 1 }', 'undefined']) expect((await failure(calmly(`throw ${thrown}`))).reason).toBe('threw')
  })
  it.each([
    'let a = []; for (let i = 0; i < 3e5; i++) a = [a]; return a',
    'return eval("(".repeat(1e5) + ")".repeat(1e5))',
    'return new RegExp("(".repeat(1e5) + ")".repeat(1e5))',
    'return JSON.parse("[".repeat(1e6))',
  ])('depth that no stack can hold is an error of the script: %s', async body => {
    expect(['memory', 'timeout', 'threw', 'result']).toContain((await failure(run(body))).reason)
    expect(await run('return 1')).toBe(1)
  })
  it('scripts of others go on while many loop', async () => {
    const started = performance.now()
    const loops = Promise.all(Array.from({ length: 6 }, (_, i) => failure(scripting.call(`function run() { for (;;) {} } // ${i % 2}`, 'run', []))))
    expect(await run('return 1')).toBe(1)
    const others = performance.now() - started
    expect((await loops).map(({ reason }) => reason)).toEqual(Array.from({ length: 6 }, () => 'timeout'))
    // Two at a time of each source, so the loops took at least two limits; the other did not wait for all of them.
    expect(others).toBeLessThan(performance.now() - started)
  })
})

describe('what is preloaded (webhooks.md 8)', () => {
  it('CryptoJS and moment, as globals and by require', async () => {
    expect(await calmly('return CryptoJS.HmacSHA256("a", "k").toString()')).toBe(createHmac('sha256', 'k').update('a').digest('hex'))
    expect(await run('const C = require("crypto-js"), D = require("CryptoJS"); return [C === CryptoJS, D === C, require("moment") === moment]')).toEqual([
      true,
      true,
      true,
    ])
    expect(await calmly('return globalThis["Crypto" + "JS"].MD5("a").toString()')).toBe('0cc175b9c0f1b6a831c399e269772661')
    expect(
      (
        await patient.call(
          'function f() { return CryptoJS.AES.decrypt(CryptoJS.AES.encrypt("secret", "k").toString(), "k").toString(CryptoJS.enc.Utf8) }',
          'f',
          [],
        )
      ).result,
    ).toBe('secret')
    expect(await calmly('return moment.utc("2026-01-31").add(1, "month").format("YYYY-MM-DD")')).toBe('2026-02-28')
    expect((await failure(calmly('require("fs")'))).message).toContain("Cannot find module 'fs'")
  })
  it('a script may give its own variables those names', async () => {
    expect(
      (await patient.call('const moment = require("moment"); let CryptoJS = 1; function f() { return [typeof moment, CryptoJS] }', 'f', [])).result,
    ).toEqual(['function', 1])
  })
  it('atob and btoa', async () => {
    expect(await run('return [btoa("\\0\\xff a"), atob("AP8gYQ=="), atob(" AP8g\\nYQ ")]')).toEqual(['AP8gYQ==', '\u0000\u00ff a', '\u0000\u00ff a'])
    expect((await failure(run('btoa("€")'))).reason).toBe('threw')
    expect((await failure(run('atob("a")'))).reason).toBe('threw')
  })
  it('cyclr_sign in lower-case hexadecimal', async () => {
    for (const [algorithm, digest] of [
      ['HMAC-SHA1', 'sha1'],
      ['HMAC-SHA256', 'sha256'],
      ['HMAC-SHA512', 'sha512'],
    ] as const)
      // prettier-ignore
      expect(await run('return cyclr_sign(input, "k\\0y", "välue\\0")', algorithm)).toBe(createHmac(digest, 'k\0y').update('välue\0').digest('hex'))
    expect((await failure(run('cyclr_sign("MD5", "", "")'))).reason).toBe('threw')
  })
  it('cyclr_csv_parse', async () => {
    expect(await run('return cyclr_csv_parse(input, ",", true)', 'a,b\r\n1,"x, ""y""\nz"\r\n\r\n2,\n')).toEqual([
      { a: '1', b: 'x, "y"\nz' },
      { a: '2', b: '' },
    ])
    expect(await run('return cyclr_csv_parse("a;b\\n1;2;", ";", false)')).toEqual([
      ['a', 'b'],
      ['1', '2', ''],
    ])
  })
  it('cyclr_xml_serialize and cyclr_xml_deserialize', async () => {
    expect(await run('return cyclr_xml_serialize({ a: { "@x": 1, b: [1, 2] } })')).toBe('<a x="1"><b>1</b><b>2</b></a>')
    expect(await run('return cyclr_xml_deserialize("<a x=\\"1\\"><b>1</b><b/></a>")')).toEqual({ a: { '@x': '1', b: ['1', ''] } })
    expect((await failure(run('cyclr_xml_deserialize("<a>")'))).reason).toBe('threw')
  })
  it('console.log, which goes to the log, also of a call that fails', async () => {
    const lines: string[] = []
    const work = scripting.call('function f() { console.log("a", 1, { b: [2] }, undefined); throw new Error("x") }', 'f', [], { log: line => lines.push(line) })
    await failure(work)
    expect(lines).toEqual(['a 1 {"b":[2]} undefined'])
  })
  it('a log without end is kept short', async () => {
    const lines: string[] = []
    await patient.call('function f() { for (let i = 0; i < 1000; i++) console.log("x".repeat(10000)) }', 'f', [], { log: line => lines.push(line) })
    expect(lines.length).toBeLessThan(250)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThan(5_000)
  })
  it('nothing of the host', async () => {
    const names = [
      'process',
      'global',
      'Buffer',
      'fetch',
      'XMLHttpRequest',
      'setTimeout',
      'WebAssembly',
      'Worker',
      'module',
      'exports',
      'host',
      'SharedArrayBuffer_',
    ]
    expect(await run(`return ${JSON.stringify(names)}.filter(name => name in globalThis)`)).toEqual([])
    expect(await run('return (function () {}).constructor("return typeof process")()')).toBe('undefined')
    expect((await failure(run('return import("fs")'))).reason).toBeDefined()
  })
})

describe('an engine', () => {
  it('makes its libraries after a call that was cut off', async () => {
    const engine = await createEngine({ timeoutMs: 50, memoryBytes: 64 * 1024 * 1024 })
    expect(engine.run({ kind: 'evaluate', source: '(() => { for (;;) {} })()', values: '{}' })).toMatchObject({ ok: false, reason: 'timeout' })
    expect(engine.run({ kind: 'evaluate', source: 'typeof moment', values: '{}' })).toMatchObject({ ok: true, value: { result: '"function"' } })
    expect(engine.broken).toBe(false)
  })
})

describe('a thread that breaks', () => {
  it('takes its own call with it and nothing else', async () => {
    // Some 500 MB on the side of the thread, where the sandbox's own limit does not count.
    const wide = `function run() { return cyclr_csv_parse('a,'.repeat(5e4) + '\\n' + '1\\n'.repeat(5e4), ',', true).length }`
    const [broken, other] = await Promise.all([failure(scripting.call(wide, 'run', [])), run('return 1')])
    expect(['memory', 'timeout']).toContain(broken.reason)
    expect(other).toBe(1)
    expect(await run('return 2')).toBe(2)
  })
})

describe('checking and looking', () => {
  it('check answers nothing for what parses, and does not run it', async () => {
    expect(await scripting.check('for (;;) {}', 'script')).toBeUndefined()
    expect(await scripting.check('a.b // c', 'expression')).toBeUndefined()
    expect(await scripting.check('{ a: 1 }', 'expression')).toBeUndefined()
    expect(await scripting.check('function f() {\n  return (\n}', 'script')).toMatch(/\(line 3, column \d+\)$/)
  })
  it.each(['', '1); (2', 'a b', 'const a = 1', '1;', '1 +', 'return 1'])('%s is no expression', async source => {
    expect(await scripting.check(source, 'expression')).toEqual(expect.any(String))
  })
  it('defines tells which functions stand at the top level', async () => {
    const names = ['before', 'after', 'none']
    expect(await scripting.defines('function before() {} const after = () => 1; const none = 1', names)).toEqual(new Set(['before', 'after']))
    expect(await scripting.defines('function before() {} missing.value', names)).toEqual(new Set(['before']))
    expect(await scripting.defines('missing.value; const after = () => 1', names)).toEqual(new Set(['after']))
    expect(await scripting.defines('', names)).toEqual(new Set())
    expect(await scripting.defines('function before() {} for (;;) {}', names)).toEqual(new Set(['before']))
    expect(await scripting.defines('for (;;) {}', names)).toEqual(new Set(names))
    expect(await scripting.defines('function after( {', names)).toEqual(new Set(names))
  })
  it('an expression has its values as variables', async () => {
    expect(await scripting.evaluate('v0.items.map(i => i * v1)', { v0: { items: [1, 2] }, v1: 3 })).toEqual([3, 6])
    expect(await scripting.evaluate('{ a: v0 }', { v0: null })).toEqual({ a: null })
    expect(await scripting.evaluate('undefined', {})).toBeUndefined()
  })
  it('after close every call is refused', async () => {
    const other = createScripting({ timeoutMs: 100, memoryBytes: 1024 * 1024, threads: 1 })
    await other.close()
    await expect(other.check('1', 'script')).rejects.toThrow('closed')
  })
})
