/** The words of the page, in the browser's language or the one chosen. */

import { en } from "./strings-en.js";
import { pt } from "./strings-pt.js";

const TABLES = { en, pt };
const KEY = "valetts-language";

let current = "en";

export const language = () => current;

/** The sentence of a key, with `{names}` filled in; English where there is no translation. */
export function t(key, values = {}) {
  const text = TABLES[current][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A number as the language writes it; with a sign also above zero where `signed`. */
export function number(value, digits, signed = false) {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "negative" };
  return value.toLocaleString(document.documentElement.lang, style).replace("-", "\u2212");
}

export const has = (key) => key in TABLES[current];

export function startLanguage() {
  const wanted = stored() ?? navigator.languages?.find((tag) => TABLES[tag.slice(0, 2)])?.slice(0, 2);
  use(TABLES[wanted] ? wanted : "en");
}

export function chooseLanguage(code) {
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // private windows may keep nothing: then it holds until the page is closed
  }
  use(code);
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function use(code) {
  current = code;
  document.documentElement.lang = code === "pt" ? "pt-BR" : "en";
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
    if (element.matches("button")) element.title = t(element.dataset.tLabel);
  }
  for (const element of document.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
  document.dispatchEvent(new Event("languagechange"));
}

/** An error in words: translated by its code, with what the server measured where that says more. */
export function explain(error) {
  const key = `error.${error.code ?? "internal"}`;
  if (current === "en" || !has(key)) return error.message || t("error.internal");
  const findings = (error.details ?? []).map((one) => (has(`finding.${one.code}`) ? t(`finding.${one.code}`) : one.message));
  return [t(key), ...findings].join(" ");
}
