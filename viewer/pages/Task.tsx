import type { TaskText } from "../../src/programs/viewer/wire.ts"
import { address, useAnswer } from "../api.ts"
import { Notice } from "../parts/Notice.tsx"
import { link } from "../route.ts"
import type { Shown } from "../shown.ts"

/** What a task asks for, turn by turn, and the calls that do it. */
export const Task = ({ route: { id, run } }: Shown) => {
  const { error, value } = useAnswer<TaskText>(address("task", { run, id }))
  return (
    <>
      <header class="top">
        <h1>{id}</h1>
        {value !== undefined && (
          <p class="muted">
            {value.category} {"\u00b7"} scenario {value.scenario} {"\u00b7"} {value.classes.join(", ")} {"\u00b7"}{" "}
            <a href={link(run, "episodes", "", { text: `/${id}/` })}>its episodes of training</a>
          </p>
        )}
      </header>
      {error !== undefined && <Notice>{error}</Notice>}
      <ol class="asked task">
        {value?.turns.map(({ truth, user }, turn) => (
          <li key={turn}>
            <p>{user === "" ? <span class="muted">(tools are handed over)</span> : user}</p>
            {truth.length === 0 ? <p class="muted">no call: something is missing</p> : <pre>{truth.join("\n")}</pre>}
          </li>
        ))}
      </ol>
    </>
  )
}
