import type { Token } from "../../src/programs/viewer/wire.ts"

/** The log-probability at which a token is as conspicuous as it gets: less likely than 5 %. */
const rare = -3

/** Sampled tokens; the less likely one was, the darker its ground. */
export const Tokens = ({ tokens }: { tokens: ReadonlyArray<Token> }) => (
  <p class="tokens">
    {tokens.map(({ id, logprob, text }, i) => (
      <span
        key={i}
        style={{ backgroundColor: `color-mix(in srgb, var(--bad) ${Math.min(1, logprob / rare) * 55}%, transparent)` }}
        title={`${id}: ${(Math.exp(logprob) * 100).toFixed(1)} %, log-prob ${logprob.toFixed(4)}`}
      >
        {text === "" ? id : text.replaceAll("\n", "\u21b5")}
      </span>
    ))}
    <small class="muted">
      {tokens.length} tokens, {tokens.reduce((sum, { logprob }) => sum + logprob, 0).toFixed(2)} nats
    </small>
  </p>
)
