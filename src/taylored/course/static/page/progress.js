/** Export, import and reset on the first page. */

const SAID = "taylored-said";

async function post(path, body, said) {
  try {
    const answer = await fetch(path, { method: "POST", body });
    const { message } = await answer.json();
    said.textContent = message;
    if (!answer.ok) return;
    sessionStorage.setItem(SAID, message); // shown again on the page with the new progress
    location.reload();
  } catch {
    said.textContent = "The course does not answer: start it in a terminal with “taylored course”.";
  }
}

/** Start the tools, where the page has them. */
export function startProgress() {
  const said = document.querySelector("[data-said]");
  if (!said) return;
  said.textContent = sessionStorage.getItem(SAID) ?? "";
  sessionStorage.removeItem(SAID);
  const dialog = document.querySelector("dialog.sure");
  document.querySelector("[data-import]").addEventListener("change", ({ target }) => {
    if (target.files.length) post("/progress/import", target.files[0], said);
    target.value = "";
  });
  document.querySelector("[data-reset]").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") post("/progress/reset", null, said);
    dialog.returnValue = "";
  });
}
