/** The page's elements, and its words to the person: a quiet status line, and errors that stay until something works again. */

import { explain, t } from "./i18n.js";

export const at = (id) => document.getElementById(id);
export const all = (selector) => [...document.querySelectorAll(selector)];

/** Of several buttons, those that are on. */
export function press(selector, chosen) {
  for (const button of all(selector)) button.setAttribute("aria-pressed", String(chosen(button)));
}

export function say(key, values) {
  at("status").textContent = t(key, values);
}

/** Show an error; one without a code is a defect of the page, and goes to the console as well. */
export function fail(error) {
  if (error.name === "AbortError") return;
  at("error-text").textContent = error.code ? explain(error) : t("error.internal");
  at("error").hidden = false;
  at("status").textContent = "";
  at("error").scrollIntoView({ block: "nearest" });
  if (!error.code) console.error(error);
}

/** An error of the page's own, by the key of its words. */
export function complain(key, values) {
  fail({ code: "page", message: t(key, values), details: [] });
}

export function forgive() {
  at("error").hidden = true;
}

at("error-close").addEventListener("click", forgive);
