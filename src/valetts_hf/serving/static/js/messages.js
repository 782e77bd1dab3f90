/** The page's elements, and its words to the person: a quiet status line, and errors that stay until something works again. */

import { explain, t } from "./i18n.js";

export const at = (id) => document.getElementById(id);
export const all = (selector) => [...document.querySelectorAll(selector)];

/** Of several buttons, those that are on. */
export function press(selector, chosen) {
  for (const button of all(selector)) button.setAttribute("aria-pressed", String(chosen(button)));
}

let said = null; // {key, values, text} of the status line
let problem = null; // the error that was shown last

export function say(key, values) {
  said = { key, values, text: t(key, values) };
  at("status").textContent = said.text;
}

/** Show an error; one without a code is a defect of the page, and goes to the console as well. */
export function fail(error) {
  if (error.name === "AbortError") return;
  problem = error;
  showProblem();
  at("error").hidden = false;
  at("status").textContent = "";
  at("error").scrollIntoView({ block: "nearest" });
  if (!error.code) console.error(error);
}

function showProblem() {
  at("error-text").textContent = problem.code ? explain(problem) : t("error.internal");
}

/** An error of the page's own, by the key of its words. */
export function complain(key, values) {
  fail({ code: "page", details: [], get message() { return t(key, values); } });
}

export function forgive() {
  at("error").hidden = true;
}

at("error-close").addEventListener("click", forgive);

/** In another language of the page, both say the same again. */
document.addEventListener("languagechange", () => {
  if (said && at("status").textContent === said.text) say(said.key, said.values);
  if (problem) showProblem();
});
