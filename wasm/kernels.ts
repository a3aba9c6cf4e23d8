/**
 * The embedded engine's arithmetic, in AssemblyScript: f32 over 128-bit SIMD.
 *
 * Everything works on addresses in one linear memory: `usize` arguments are byte addresses,
 * strides are in bytes, counts are in elements. Matrices are row-major. Widths (model, heads,
 * feed-forward, padded vocabulary) are multiples of 8, addresses multiples of 16.
 *
 * What a row's result is never depends on the rows beside it: a dot product sums its terms in
 * index order whether its row is computed alone, with three others, in a prompt or in a decode
 * step. Sampling is reproducible because of that, whatever is batched with what.
 *
 * Built twice (wasm/build.ts): with plain multiplication and addition, whose results are the
 * same on every machine, and with relaxed fused multiply-add, which may round differently.
 */

export * from "./attention"
export * from "./cache"
export * from "./optimiser"
export * from "./products"
export * from "./rows"
export * from "./vocabulary"
