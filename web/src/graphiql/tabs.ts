// GraphiQL's tabs, as what they are for a keyboard and a screen reader: a list of buttons, each beside one that closes it.

const MARKS = ["role", "aria-selected"];

/** Takes the role of a tab, which may hold no button, from whatever has it in `root`, now and later. */
export function tabsAsList(root: HTMLElement): void {
  const mend = () => {
    root.querySelector(".graphiql-tabs[role]")?.removeAttribute("role");
    for (const tab of root.querySelectorAll(".graphiql-tab[role], .graphiql-tab[aria-selected]")) {
      const isSelected = tab.getAttribute("aria-selected") === "true";
      tab.querySelector(".graphiql-tab-button")?.setAttribute("aria-current", String(isSelected));
      MARKS.forEach((mark) => tab.removeAttribute(mark));
    }
  };
  new MutationObserver(mend).observe(root, { subtree: true, childList: true, attributeFilter: MARKS });
}
