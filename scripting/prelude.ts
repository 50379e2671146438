/**
 * JavaScript that runs once inside the sandbox before its memory is kept as the start of every call. It defines the preloaded functions of
 * webhooks.md 8 and answers the few functions with which the engine goes in and out. `host(name, json)` is the only way out: text in, text out.
 */
export const preludeSource = String.raw`(function (host) {
  'use strict'
  const { parse, stringify } = JSON
  const { defineProperty, keys, prototype: { toString: tagOf } } = Object
  const { apply } = Reflect
  const { slice } = String.prototype
  const evaluate = globalThis.eval
  const text = String
  const isArray = Array.isArray

  const ask = (name, ...args) => {
    const answer = parse(host(name, stringify(args)))
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.value
  }
  const define = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false })

  const show = value => {
    if (typeof value === 'string') return value
    if (value instanceof Error) return value.name + ': ' + value.message
    try {
      const json = stringify(value)
      return json === undefined ? text(value) : json
    } catch {
      return apply(tagOf, value, [])
    }
  }
  let lines = 0
  const log = (...values) => {
    lines += 1
    if (lines > 201) return
    let line = ''
    for (let i = 0; i < values.length && line.length <= 4096; i++) line += (i === 0 ? '' : ' ') + show(values[i])
    ask('log', apply(slice, line, [0, 4097]))
  }
  define('console', { log, info: log, warn: log, error: log, debug: log })

  define('atob', value => ask('atob', text(value)))
  define('btoa', value => ask('btoa', text(value)))
  define('cyclr_sign', (algorithm, key, value) => ask('sign', text(algorithm), text(key), text(value)))
  define('cyclr_xml_serialize', value => ask('xmlSerialize', value === undefined ? null : value))
  define('cyclr_xml_deserialize', xml => ask('xmlDeserialize', text(xml)))
  define('cyclr_csv_parse', (csv, delimiter, hasHeader) =>
    ask('csvParse', text(csv), delimiter === undefined || delimiter === null || delimiter === '' ? ',' : text(delimiter), hasHeader === true || hasHeader === 'true'))
  defineProperty(Math, 'random', { value: () => ask('random'), writable: true, configurable: true, enumerable: false })

  const loaded = {}
  const load = name => {
    if (loaded[name] === undefined) {
      const module = { exports: {} }
      const crypto = { getRandomValues: list => { for (let i = 0; i < list.length; i++) list[i] = ask('randomWord'); return list } }
      evaluate('(function (module, exports, require, crypto, self, window, globalThis) {' + ask('library', name) + '\n})')(
        module, module.exports, undefined, crypto, { crypto }, undefined, { crypto })
      loaded[name] = module.exports
    }
    return loaded[name]
  }
  const lazy = (name, library) =>
    defineProperty(globalThis, name, {
      get: () => { const value = load(library); define(name, value); return value },
      set: value => { define(name, value) },
      configurable: true,
      enumerable: false,
    })
  lazy('CryptoJS', 'crypto-js')
  lazy('moment', 'moment')
  define('require', name => {
    if (name === 'crypto-js' || name === 'CryptoJS') return load('crypto-js')
    if (name === 'moment') return load('moment')
    throw new Error("Cannot find module '" + text(name) + "': only crypto-js and moment are there")
  })

  const express = value => {
    if (value === undefined) return undefined
    const json = stringify(value)
    if (json === undefined) throw new TypeError('a ' + typeof value + ' cannot be written as JSON')
    return json
  }
  return {
    setGlobals: json => {
      const values = parse(json)
      for (const name of keys(values)) defineProperty(globalThis, name, { value: values[name], writable: true, configurable: true, enumerable: true })
    },
    invoke: (fn, json) => apply(fn, undefined, parse(json)),
    express,
    read: json => {
      let out = ''
      for (const name of parse(json)) {
        let value
        try {
          value = express(globalThis[name])
        } catch (error) {
          throw new TypeError(name + ': ' + error.message)
        }
        if (value !== undefined) out += (out === '' ? '' : ',') + stringify(name) + ':' + value
      }
      return '{' + out + '}'
    },
    describe: thrown => {
      if (!(thrown instanceof Error)) return show(thrown)
      const message = text(thrown.message)
      return thrown.name === 'Error' || thrown.name === undefined ? message : message === '' ? text(thrown.name) : text(thrown.name) + ': ' + message
    },
    where: thrown => {
      const found = /:(\d+):(\d+)/.exec(text(thrown.stack))
      const message = text(thrown.message)
      return found === null ? message : message + ' (line ' + found[1] + ', column ' + found[2] + ')'
    },
    kindOf: thrown => thrown instanceof Error ? text(thrown.name) + ': ' + text(thrown.message) : '',
    load: () => { load('crypto-js'); load('moment'); void globalThis.CryptoJS; void globalThis.moment },
  }
})`
