// Search, filters, keys, and links into what is folded. Without a script the page shows all it holds.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (choice, within = document) => [...within.querySelectorAll(choice)];
  const cards = all("#flips .pair"), folds = all("#flips .page"), groups = all("#flips .group");
  const fields = ["q", "tag", "bound"].map(byId).filter(Boolean);
  const kinds = all("#flips [name=kind]");
  const found = byId("found");
  const texts = new Map(), wereOpen = new Map();
  let current = null;

  const valueOf = (id) => byId(id)?.value ?? "";
  const isOn = (card) => !card.hidden && getComputedStyle(card.closest(".group")).display !== "none";

  const boundsOf = (card) =>
    [card.closest(".group").dataset.place, ...(card.dataset.bounds ?? "").split(" ")];

  function textOf(card) {
    if (!texts.has(card)) {
      const parts = all("h4, li, header span, .prompt, div > p, pre", card);
      texts.set(card, parts.map((part) => part.textContent.toLowerCase()).join("\n"));
    }
    return texts.get(card);
  }

  // ---- filters

  function filter() {
    const words = valueOf("q").toLowerCase().split(/\s+/).filter(Boolean);
    const tag = valueOf("tag"), bound = byId("bound")?.selectedOptions[0]?.dataset.place;
    const some = words.length > 0 || tag !== "" || bound !== undefined;
    for (const card of cards) {
      card.hidden = !(
        (!tag || all(".tags li", card).some((item) => item.textContent === tag)) &&
        (bound === undefined || boundsOf(card).includes(bound)) &&
        words.every((word) => textOf(card).includes(word))
      );
    }
    for (const fold of folds) {
      if (some && !wereOpen.has(fold)) wereOpen.set(fold, fold.open);
      fold.hidden = !fold.querySelector(".pair:not([hidden])");
      fold.open = some || (wereOpen.get(fold) ?? fold.open);
    }
    if (!some) wereOpen.clear();
    for (const group of groups) group.hidden = some && !group.querySelector(".pair:not([hidden])");
    const elsewhere = found.dataset.elsewhere;
    found.textContent = some
      ? `${cards.filter(isOn).length} of ${cards.length} flips on this page` +
        (elsewhere && `; ${elsewhere} more are not on it`)
      : "";
  }

  function clear() {
    for (const field of fields) field.value = "";
    if (kinds.length) kinds[0].checked = true;
    filter();
    keep();
  }

  // ---- the address

  function keep(hash = location.hash) {
    const asked = new URLSearchParams();
    for (const field of fields) if (field.value) asked.set(field.id, field.value);
    const kind = kinds.find((choice) => choice.checked)?.value;
    if (kind) asked.set("kind", kind);
    const query = asked.toString();
    try {
      history.replaceState(null, "", location.pathname + (query && `?${query}`) + hash);
    } catch {
      // A page that a viewer made up has no address to keep anything in.
    }
  }

  function restore() {
    const asked = new URLSearchParams(location.search);
    for (const field of fields) {
      field.value = asked.get(field.id) ?? "";
      if (field.selectedIndex < 0) field.value = "";
    }
    const kind = kinds.find((choice) => choice.value === (asked.get("kind") ?? "")) ?? kinds[0];
    if (kind) kind.checked = true;
    filter();
  }

  function unfold(element) {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  }

  function follow() {
    const name = location.hash.slice(1);
    const isCase = name.startsWith("case-");
    let target = byId(name);
    if (!target && isCase) {
      try {
        target = byId(`case-${encodeURIComponent(decodeURIComponent(name.slice(5)))}`);
      } catch {
        // What is no address names no case either.
      }
    }
    if (!target) {
      if (isCase && found)
        found.textContent =
          "The case of this link is not on this page: it did not flip, or it is one of those that are only counted. Its answers are in samples.jsonl.";
      return;
    }
    if (target.matches(".pair") && !isOn(target)) clear();
    unfold(target);
    if (target.matches(".pair")) visit(target);
    else target.scrollIntoView();
  }

  // ---- keys

  function visit(card) {
    current = card;
    unfold(card);
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
    card.scrollIntoView();
  }

  function step(by) {
    const on = cards.filter(isOn);
    const at = on.indexOf(document.activeElement.closest(".pair") ?? current);
    const next = at < 0 ? on.at(by > 0 ? 0 : -1) : on[at + by];
    if (!next) return;
    visit(next);
    keep(next.querySelector("h4 a").hash);
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.id === "q") {
      event.target.value = "";
      event.target.blur();
      filter();
      keep();
    }
    if (event.target.matches("#q, select")) return;
    if (event.key === "/") byId("q").select();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  }

  if (found) {
    byId("tools").hidden = false;
    for (const field of [...fields, ...kinds])
      field.addEventListener("input", () => {
        filter();
        keep();
      });
    document.addEventListener("keydown", press);
    restore();
  }
  addEventListener("hashchange", follow);
  follow();
})();
