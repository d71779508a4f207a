/** On narrow screens the channel list is a drawer. */

import { byId, icon } from "./dom.js";

const NARROW = matchMedia("(max-width: 719px)");

export function wireDrawer() {
  byId("sidebar-open").append(icon("menu"));
  byId("sidebar-close").append(icon("close"));
  byId("sidebar-open").addEventListener("click", () => setDrawer(true));
  byId("sidebar-close").addEventListener("click", () => setDrawer(false));
  byId("veil").addEventListener("click", () => setDrawer(false));
  byId("sidebar").addEventListener("keydown", (event) => {
    if (event.key === "Escape") setDrawer(false);
  });
  NARROW.addEventListener("change", () => setDrawer(false));
  setDrawer(false);
}

/** Open or close it; on wide screens the list always stands. */
export function setDrawer(open) {
  const sidebar = byId("sidebar");
  const wasOpen = sidebar.classList.contains("open");
  sidebar.classList.toggle("open", open);
  sidebar.inert = NARROW.matches && !open;
  byId("room").inert = NARROW.matches && open;
  byId("veil").classList.toggle("open", open && NARROW.matches);
  byId("sidebar-open").setAttribute("aria-expanded", String(open));
  if (open) byId("sidebar-close").focus();
  else if (wasOpen && NARROW.matches) byId("sidebar-open").focus();
}
