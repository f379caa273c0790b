/* Before the page is drawn: the theme that was chosen; afterwards: the switch, and printing. */
(() => {
  const KEY = "taylored-theme";
  const THEMES = ["auto", "light", "dark"];
  const SAID = { auto: "automatic", light: "light", dark: "dark" };
  const root = document.documentElement;

  function chosen() {
    try {
      const kept = localStorage.getItem(KEY);
      return THEMES.includes(kept) ? kept : "auto";
    } catch {
      return "auto"; // storage may be forbidden; the switch then lasts for the page
    }
  }

  function choose(theme) {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    const button = document.querySelector("[data-theme-switch]");
    if (button) button.setAttribute("aria-label", `Theme: ${SAID[theme]}`);
  }

  let theme = chosen();
  choose(theme);
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) choose((theme = chosen()));
  });
  document.addEventListener("DOMContentLoaded", () => {
    choose(theme);
    document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      choose(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        /* see above */
      }
    });
    document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
  });
})();
