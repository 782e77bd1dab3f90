/** Requests to the server; every failure becomes an `ApiError` with a code that the page can put into words. */

export class ApiError extends Error {
  constructor(code, message, details = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("network", "the server does not answer: is it still running?");
  }
  if (answer.status === 204) return null;
  let body;
  try {
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("network", `the answer (${answer.status}) cannot be read.`);
  }
  if (!answer.ok) {
    const { code = "internal", message = `the server answered ${answer.status}.`, details } = body.error ?? {};
    throw new ApiError(code, message, details);
  }
  return body;
}

const post = (path, body, signal) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

export const getInfo = () => request("api/info");
export const predict = (body, signal) => post("api/predict", body, signal);
export const speak = (body, signal) => post("api/speak", body, signal);
export const ssml = (body) => post("api/ssml", body);

export function addVoice(recording, name, consent) {
  const form = new FormData();
  form.append("recording", recording, "recording");
  form.append("name", name);
  form.append("consent", consent);
  return request("api/voices", { method: "POST", body: form });
}

export const forgetVoice = (key) => request(`api/voices/${encodeURIComponent(key)}`, { method: "DELETE" });
