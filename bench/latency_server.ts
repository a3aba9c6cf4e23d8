/**
 * A chat-completions server that says "done" after so many milliseconds, whatever it is asked: `node latency_server.ts 50`.
 * It prints its port. Asked by GET, it says at once how many seconds of CPU it has taken so far.
 */
import { createServer } from "node:http"

const latency = Number(process.argv[2])

const answer = JSON.stringify({
  id: "chatcmpl-0",
  object: "chat.completion",
  created: 0,
  model: "latency",
  choices: [{ index: 0, message: { role: "assistant", content: "done" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 100, completion_tokens: 1, total_tokens: 101 }
})

const head = { "content-type": "application/json", "content-length": String(answer.length) }

const server = createServer((request, response) => {
  request.resume()
  if (request.method === "GET") {
    const { system, user } = process.cpuUsage()
    response.end(String((system + user) / 1e6))
    return
  }
  request.on("end", () => {
    setTimeout(() => response.writeHead(200, head).end(answer), latency)
  })
})

server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`)
})
