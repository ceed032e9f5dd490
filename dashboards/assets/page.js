// In every page before Streamlit's own script: what Streamlit has no setting for.
(() => {
  "use strict";

  // What one act of the reader leads to is one entry of the history. Streamlit pushes an address
  // for the page, and another for its filters.
  let acted = false;
  for (const kind of ["pointerdown", "keydown", "click"]) {
    addEventListener(kind, () => { acted = true; }, true);
  }
  addEventListener("popstate", () => { acted = false; }, true);
  const push = history.pushState.bind(history);
  history.pushState = (...entry) => {
    if (acted) push(...entry);
    else history.replaceState(...entry);
    acted = false;
  };

  // Streamlit puts the sections of the menu into `ul` as `div`, which no list may hold: screen
  // readers count nothing. They become groups that say their names.
  const mendMenu = () => {
    const items = "[data-testid=stSidebarNavItems]";
    document.querySelectorAll(`${items}, ${items} li`)
      .forEach((each) => each.setAttribute("role", "none"));
    document.querySelectorAll(`${items} > div`).forEach((section) => {
      section.setAttribute("role", "group");
      section.setAttribute("aria-label", section.querySelector("header")?.innerText ?? "");
    });
  };
  new MutationObserver(mendMenu).observe(document, {childList: true, subtree: true});

  // The permanent link. Without the clipboard (plain http, or permission denied) it is shown
  // selected.
  const COPIED_MILLISECONDS = 4000;
  const showLink = (place, shown) => {
    place.querySelector("[data-part=panel]").hidden = !shown;
    if (shown) place.querySelector("input").select();
  };
  addEventListener("click", async ({target}) => {
    const place = target.closest?.("button.mhhs-copy")?.parentElement;
    if (!place) return;
    const link = new URL(place.dataset.link, location.href).href;
    place.querySelector("input").value = link;
    const status = place.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      showLink(place, true);
      return;
    }
    showLink(place, false);
    place.classList.add("copied");
    status.textContent = "Copied";
    setTimeout(() => {
      place.classList.remove("copied");
      status.textContent = "";
    }, COPIED_MILLISECONDS);
  });
  addEventListener("focusout", ({target, relatedTarget}) => {
    const place = target.closest?.(".mhhs-copy-place");
    if (place && relatedTarget && !place.contains(relatedTarget)) showLink(place, false);
  });
  addEventListener("keydown", ({key, target}) => {
    const place = target.closest?.(".mhhs-copy-place");
    if (place && key === "Escape") {
      showLink(place, false);
      place.querySelector("button").focus();
    }
  });
})();
