/** A model that is large enough to have every part, and small enough for a test. */
export const tinyModel = {
  vocabularySize: 61,
  dModel: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  dFeedForward: 64,
  contextLength: 128
}
