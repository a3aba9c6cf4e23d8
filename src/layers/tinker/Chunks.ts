/** Large passes as several requests (spec: tinker, 1.8), and their outputs as one. */
import type { Datum } from "../../domain/tinker/Datum.ts"
import { tokensOf } from "../../domain/tinker/Datum.ts"
import type { PassOutput } from "../../domain/tinker/Model.ts"

/** What one request may hold. */
export interface Limits {
  readonly data: number
  /** Estimated with 4 for a token, and the width of its type for every other number. */
  readonly bytes: number
}

const widths = { int64: 8, float32: 4 } as const

const bytesOf = ({ loss_fn_inputs, model_input }: Datum): number =>
  Object.values(loss_fn_inputs).reduce(
    (sum, { data, dtype }) => sum + data.length * widths[dtype],
    4 * tokensOf(model_input).length
  )

/** In order, each within the limits unless a single datum is not. */
export const cut = (data: ReadonlyArray<Datum>, limits: Limits): ReadonlyArray<ReadonlyArray<Datum>> => {
  const chunks: Array<Array<Datum>> = []
  let room = 0
  for (const datum of data) {
    const bytes = bytesOf(datum)
    const last = chunks.at(-1)
    if (last !== undefined && last.length < limits.data && bytes <= room) {
      last.push(datum)
      room -= bytes
    } else {
      chunks.push([datum])
      room = limits.bytes - bytes
    }
  }
  return chunks
}

type Reduction = (values: ReadonlyArray<{ readonly value: number; readonly weight: number }>) => number

const reductions: Readonly<Record<string, Reduction>> = {
  sum: (values) => values.reduce((sum, { value }) => sum + value, 0),
  min: (values) => Math.min(...values.map(({ value }) => value)),
  max: (values) => Math.max(...values.map(({ value }) => value))
}

const mean: Reduction = (values) => {
  const weight = values.reduce((sum, value) => sum + value.weight, 0)
  return values.reduce((sum, { value, weight }) => sum + value * weight, 0) / Math.max(1, weight)
}

/** Outputs one behind the other; metrics by the reduction that their names end with (`loss:sum`), others as means. */
export const join = (outputs: ReadonlyArray<PassOutput>): PassOutput => {
  const names = new Set(outputs.flatMap(({ metrics }) => Object.keys(metrics)))
  const fold = (name: string): number => {
    const values = outputs.flatMap(({ loss_fn_outputs, metrics }) => {
      const value = metrics[name]
      return value === undefined ? [] : [{ value, weight: loss_fn_outputs.length }]
    })
    const reduce = reductions[name.slice(name.lastIndexOf(":") + 1)] ?? mean
    return reduce(values)
  }
  return {
    loss_fn_output_type: outputs[0]?.loss_fn_output_type ?? "",
    loss_fn_outputs: outputs.flatMap(({ loss_fn_outputs }) => loss_fn_outputs),
    metrics: Object.fromEntries(Array.from(names, (name) => [name, fold(name)]))
  }
}
