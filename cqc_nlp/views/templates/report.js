"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const root = document.documentElement;
  const form = document.querySelector(".filters");
  const [search, section, source, least, around, tags] = ["search", "section", "source", "least", "around", "tags"].map(find);
  const [detail, body, hint, close] = ["detail", "detail-body", "detail-hint", "detail-close"].map(find);

  const statements = all(".document .st").map((element, index) => ({
    element,
    number: index + 1,
    sign: element.querySelector("button.sign"),
    words: element.querySelector(".words"),
    text: element.querySelector(".words").textContent.toLowerCase().replace(/\s+/g, " "),
    themes: element.dataset.themes.split(" "),
    confidence: Number(element.dataset.confidence),
    shown: true,
  }));
  const of = new Map(statements.map((statement) => [statement.element, statement]));
  const paragraphs = all(".document .para").map((element) => ({ element, statements: all(".st", element).map((st) => of.get(st)) }));
  const parts = all(".document .part").map((element) => ({ element, statements: all(".st", element).map((st) => of.get(st)) }));
  const asides = all(".document .aside, .document .plain");
  const names = (selector) => new Map(all(selector).map((input) => [input.value, input.closest("label")?.textContent.trim() ?? input.textContent]));
  const themeNames = names("[name=theme]");
  const sectionNames = names("#section option");
  const sourceNames = names("#source option");

  root.classList.add("scripts");
  all(".scripted").forEach((element) => { element.hidden = false; });
  if (matchMedia("(max-width: 62rem)").matches) form.querySelector("details").open = false;

  /* Filters */

  const ticked = (name) => new Set(all(`[name=${name}]:checked`).map((input) => input.value));

  function filter() {
    const polarities = ticked("polarity");
    const themes = ticked("theme");
    const wanted = search.value.toLowerCase().replace(/\s+/g, " ").trim();
    const bar = Number(least.value);
    let count = 0;
    for (const s of statements) {
      const data = s.element.dataset;
      s.shown = polarities.has(data.polarity)
        && s.themes.some((theme) => themes.has(theme))
        && (!section.value || data.section === section.value)
        && (!source.value || data.source === source.value)
        && s.confidence >= bar
        && (!wanted || s.text.includes(wanted));
      count += s.shown;
    }
    const narrowed = count < statements.length;
    const cut = narrowed && !around.checked;
    for (const s of statements) {
      s.element.hidden = cut && !s.shown;
      s.element.classList.toggle("out", !s.shown);
    }
    const empty = (group) => cut && !group.statements.some((s) => s.shown);
    for (const group of paragraphs) group.element.hidden = empty(group);
    for (const group of parts) group.element.hidden = empty(group);
    for (const element of asides) element.hidden = cut;
    find("least-value").textContent = `${bar}%`;
    find("nothing").hidden = count > 0 || !cut;
    find("shown").textContent = `${count} of ${statements.length} statements shown`;
    mark(wanted);
    if (!statements[reached]?.shown) reach(statements.findIndex((s) => s.shown));
  }

  /* The words that were searched for, marked without a change to the text. */
  function mark(wanted) {
    if (!("highlights" in CSS)) return;
    CSS.highlights.delete("search");
    if (!wanted) return;
    const ranges = [];
    for (const s of statements) {
      if (!s.shown) continue;
      const node = s.words.firstChild;
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + wanted.length);
        ranges.push(range);
      }
    }
    CSS.highlights.set("search", new Highlight(...ranges));
  }

  let waiting;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  form.addEventListener("change", filter);
  least.addEventListener("input", filter);
  tags.addEventListener("change", () => find("document").classList.toggle("no-tags", !tags.checked));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { find("document").classList.remove("no-tags"); filter(); }));

  /* A number of a heat map shows its statements. */
  for (const cell of all(".heat .shade")) {
    if (cell.textContent === "0") continue;
    const { key, polarity } = cell.dataset;
    const by = cell.closest("table").dataset.by;
    const button = document.createElement("button");
    const row = cell.parentElement.querySelector("th").textContent;
    button.type = "button";
    button.textContent = cell.textContent;
    button.setAttribute("aria-label", `${cell.textContent}: show ${polarity}, ${row}`);
    button.addEventListener("click", () => {
      form.reset();
      all("[name=polarity]").forEach((input) => { input.checked = input.value === polarity; });
      if (by === "theme") all("[name=theme]").forEach((input) => { input.checked = input.value === key; });
      else section.value = key;
      filter();
      find("text").scrollIntoView();
      find("text").focus({ preventScroll: true });
    });
    cell.replaceChildren(button);
  }

  /* One statement at a time: a single stop for the Tab key, the arrows go on from it. */

  let reached = -1;

  function reach(index) {
    if (statements[reached]) statements[reached].sign.tabIndex = -1;
    reached = index;
    if (!statements[index]) return;
    const { sign, words } = statements[index];
    sign.tabIndex = 0;
    words.id = `${words.parentElement.id}-words`; // a screen reader says the statement after its sign
    sign.setAttribute("aria-describedby", words.id);
  }

  function pair(list, term, value) {
    const [dt, dd] = ["dt", "dd"].map((name) => document.createElement(name));
    dt.textContent = term;
    dd.append(...(Array.isArray(value) ? value : [value]));
    list.append(dt, dd);
  }

  function links(numbers) {
    return numbers.flatMap((number, index) => {
      const a = document.createElement("a");
      a.href = `#f${number}`;
      a.textContent = document.querySelector(`#f${number} h3`).textContent;
      return index ? ["; ", a] : [a];
    });
  }

  function what_if(value) {
    const change = Number(value);
    if (Math.abs(change) < 0.0005) return "The expected score would not change. This is the effect on the model, not on an inspector.";
    const words = change > 0 ? "rise" : "fall";
    return `The expected score would ${words} by ${Math.abs(change).toFixed(3)}. This is the effect on the model, not on an inspector.`;
  }

  function choose(index) {
    const s = statements[index];
    const data = s.element.dataset;
    for (const other of statements) other.element.classList.toggle("chosen", other === s);
    reach(index);
    const list = document.createElement("dl");
    pair(list, "Polarity", `${s.sign.textContent} ${capital(data.polarity)}, ${Math.round(s.confidence)}% confident` + (data.also ? `; also ${data.also}` : ""));
    pair(list, "Theme", s.themes.map((theme) => themeNames.get(theme)).join(", "));
    if (data.source) pair(list, "Whose evidence", sourceNames.get(data.source) + (data.speakers ? ` (“${data.speakers}”)` : ""));
    pair(list, "Section", sectionNames.get(data.section));
    if (data.figures) pair(list, "Figures", data.figures);
    pair(list, "Without this statement", data.without === undefined ? "No change: it repeats an earlier paragraph and is not counted." : what_if(data.without));
    if (data.findings) pair(list, "In the review", links(data.findings.split(" ")));
    find("detail-title").textContent = `Statement ${s.number} of ${statements.length}`;
    body.replaceChildren(list);
    hint.hidden = true;
    body.hidden = close.hidden = false;
    detail.classList.add("open");
    root.classList.add("sheet");
    find("rail").scrollTop = 0;
    if (getComputedStyle(detail).position === "fixed") s.element.scrollIntoView({ block: "nearest" }); // not behind it
  }

  function leave() {
    for (const s of statements) s.element.classList.remove("chosen");
    find("detail-title").textContent = "One statement";
    hint.hidden = false;
    body.hidden = close.hidden = true;
    detail.classList.remove("open");
    root.classList.remove("sheet");
  }

  function go(index) {
    const s = statements[index];
    if (!s) return;
    choose(index);
    s.sign.focus({ preventScroll: true });
    s.element.scrollIntoView({ block: "nearest" });
  }

  const next = (from, step) => {
    for (let index = from + step; index >= 0 && index < statements.length; index += step) if (statements[index].shown) return index;
    return -1;
  };
  const keys = {
    ArrowDown: (at) => next(at, 1), ArrowRight: (at) => next(at, 1), ArrowUp: (at) => next(at, -1), ArrowLeft: (at) => next(at, -1),
    Home: () => next(-1, 1), End: () => next(statements.length, -1),
  };
  find("document").addEventListener("keydown", (event) => {
    if (!(event.key in keys) || !event.target.matches("button.sign") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(keys[event.key](statements.indexOf(of.get(event.target.parentElement))));
  });
  find("document").addEventListener("click", (event) => {
    const element = event.target.closest(".st");
    if (!element || String(getSelection())) return;
    choose(of.get(element).number - 1);
  });
  close.addEventListener("click", () => { leave(); statements[reached]?.sign.focus(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !body.hidden) leave(); });

  /* A link to a statement that a filter hides shows everything first. */
  document.addEventListener("click", (event) => {
    const number = event.target.closest("a")?.getAttribute("href")?.match(/^#s(\d+)$/)?.[1];
    if (!number) return;
    event.preventDefault();
    if (!statements[number - 1].shown) { form.reset(); filter(); }
    history.replaceState(null, "", `#s${number}`);
    go(number - 1);
    statements[number - 1].element.scrollIntoView({ block: "center" });
  });

  filter();
})();
