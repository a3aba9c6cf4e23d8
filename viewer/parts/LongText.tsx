import { useState } from "preact/hooks"

/** Characters that are shown without asking, and how many more each time. */
const glance = 1500
const more = 20_000

/** A text of any length, of which little is on the page at a time. */
export const LongText = ({ text, most = glance }: { text: string; most?: number }) => {
  const [shown, setShown] = useState(most)
  if (text.length <= shown) return <>{text}</>
  return (
    <>
      {text.slice(0, shown)}
      <button type="button" class="more" onClick={() => setShown(shown + more)}>
        {(text.length - shown).toLocaleString("en").replaceAll(",", "\u2009")} more characters
      </button>
    </>
  )
}
