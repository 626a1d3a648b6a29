// Keeps the board fresh and copies commands. The page is whole without it.
(() => {
  "use strict";
  const EVERY = 2000;
  const live = document.getElementById("live");
  const headline = document.getElementById("headline");
  const offline = document.getElementById("offline");

  const reveal = (root) => root.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("copied");
      button.firstChild.data = "Copied";
      setTimeout(() => { button.classList.remove("copied"); button.firstChild.data = "Copy"; }, 1500);
    } catch {
      // No clipboard without https: mark the command, so that the keyboard can take it.
      getSelection().selectAllChildren(button.previousElementSibling);
    }
  });

  // What somebody opened stays open, what has the focus keeps it.
  const swap = (fresh) => {
    const open = new Map([...live.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
    const held = document.activeElement && live.contains(document.activeElement) ? document.activeElement : null;
    const path = held && (held.id ? `#${CSS.escape(held.id)}` : held.dataset.copy ? `[data-copy="${CSS.escape(held.dataset.copy)}"]` : null);
    const summary = held && held.tagName === "SUMMARY" ? held.parentElement.id : null;
    live.replaceChildren(...document.importNode(fresh, true).childNodes);
    open.forEach((was, id) => { const part = document.getElementById(id); if (part) part.open = was; });
    reveal(live);
    const again = summary ? document.querySelector(`#${CSS.escape(summary)} > summary`) : path && live.querySelector(path);
    if (again) again.focus({ preventScroll: true });
  };

  let shown = null;
  const update = async () => {
    const marked = getSelection();
    if (document.hidden || (marked && !marked.isCollapsed && live.contains(marked.anchorNode))) return;
    try {
      const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(10000) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (!fresh) throw new Error("this is not the board");
      offline.hidden = true;
      if (shown !== fresh.innerHTML) { swap(fresh); shown = fresh.innerHTML; }
      const said = page.getElementById("headline");
      if (headline.textContent !== said.textContent) headline.textContent = said.textContent;
      headline.className = said.className;
      document.title = page.title;
      document.querySelector(".top").replaceChildren(...document.importNode(page.querySelector(".top"), true).childNodes);
    } catch {
      offline.hidden = false;
      document.getElementById("fresh")?.classList.add("stale");
    }
  };

  reveal(document);
  const again = async () => { await update(); setTimeout(again, EVERY); };
  setTimeout(again, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) update(); });
})();
