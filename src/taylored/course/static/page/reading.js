/** Small aids of reading: where one is in the page, and wide things that scroll by keyboard. */

/** Mark the section in view in the list of contents. */
function followContents() {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) {
    links.set(document.getElementById(link.hash.slice(1)), link);
  }
  if (!links.size || !("IntersectionObserver" in window)) return;
  const heads = [...links.keys()];
  const update = () => {
    const passed = heads.filter((head) => head.getBoundingClientRect().top < 140);
    const here = links.get(passed.at(-1));
    for (const link of links.values()) {
      if (link === here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const observer = new IntersectionObserver(update, { rootMargin: "-120px 0px 0px" });
  heads.forEach((head) => observer.observe(head));
  addEventListener("scrollend", update);
  update();
}

/** What is wider than its place can be scrolled with the keyboard, and has a name. */
function nameScrollers() {
  for (const el of document.querySelectorAll(".formula, .wide, pre.code, .scrolls")) {
    if (el.scrollWidth > el.clientWidth + 1) {
      el.tabIndex = 0;
      el.setAttribute("role", "group");
      const says = el.dataset.says ?? (el.matches(".wide") ? "table" : "formula");
      el.setAttribute("aria-label", `${says}, scrolls sideways`);
    } else for (const name of ["tabindex", "role", "aria-label"]) el.removeAttribute(name);
  }
}

/** A formula in the text that is wider than the column gets a place of its own to scroll in. */
function holdWideFormulas() {
  const main = document.querySelector("main");
  const most = main.clientWidth;
  for (const math of main.querySelectorAll("math")) {
    const holder = math.closest("p, li, td, th, dd, .scrolls, .formula") ?? main;
    const wide = math.getBoundingClientRect().width > Math.min(most, holder.clientWidth || most);
    if (!wide || holder.matches(".scrolls, .formula")) continue;
    const place = document.createElement("span");
    place.className = "scrolls";
    math.replaceWith(place);
    place.append(math);
  }
}

function arrange() {
  holdWideFormulas();
  nameScrollers();
}

export function startReading() {
  followContents();
  arrange();
  addEventListener("resize", arrange);
}
