/** Colours before the first paint (a classic script, so that nothing flashes): the system's, or the ones chosen. */
{
  const KEY = "valetts-colours";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = "auto";
  try {
    chosen = localStorage.getItem(KEY) ?? "auto";
  } catch {
    // private windows may keep nothing
  }
  const apply = () => {
    document.documentElement.dataset.colours = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    document.dispatchEvent(new Event("colourschange"));
  };
  dark.addEventListener("change", apply);
  apply();
  window.valettsColours = {
    get chosen() {
      return chosen;
    },
    next() {
      chosen = { auto: "light", light: "dark", dark: "auto" }[chosen] ?? "auto";
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // it holds until the page is closed
      }
      apply();
    },
  };
}
