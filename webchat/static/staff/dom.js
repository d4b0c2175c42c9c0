/**
 * Building and bringing up to date what is on the page.
 *
 * A region is drawn anew as plain elements and `patch`ed onto what is there, so that focus, scroll and half-written
 * words stay where they are. Presses are told apart by `data-do`, which survives a patch; listeners would not.
 */

/** @typedef {Node | string | number | false | null | undefined} Child */

/**
 * An element. `true` gives an empty attribute; `false`, `null` and `undefined` give none. Strings are text, never markup.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "value" && tag !== "option" && tag !== "li") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...wanted(children));
  return node;
}

/** @param {(Child | Child[])[]} children */
function wanted(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== false && child !== null && child !== undefined && child !== "")
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/**
 * Make `parent` hold `children`, keeping every node that can stay. Children that may move carry a `data-key`.
 * @param {Element} parent @param {...(Child | Child[])} children
 */
export function patch(parent, ...children) {
  const focused = document.activeElement;
  const inside = focused && focused !== document.body && parent.contains(focused);
  patchChildren(parent, wanted(children));
  if (!inside || document.activeElement === focused) return;
  if (focused.isConnected) focused.focus({ preventScroll: true });
  else parent.closest("[data-focus-home]")?.focus({ preventScroll: true });
}

const keyOf = (node) => node.dataset?.key;

/** @param {Element} parent @param {Node[]} next */
function patchChildren(parent, next) {
  const staying = new Set(next.map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...parent.children]) {
    const key = keyOf(child);
    if (!key) continue;
    if (staying.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let place = parent.firstChild;
  for (const node of next) {
    const key = keyOf(node);
    const here = key ? keyed.get(key) : place && !keyOf(place) ? place : null;
    if (here && here.nodeName === node.nodeName) {
      if (here === place) place = place.nextSibling;
      else parent.insertBefore(here, place);
      morph(here, node);
    } else {
      parent.insertBefore(node, place);
      if (here && key) here.remove();
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

// What a person has typed, opened or chosen since the last drawing is theirs.
const THEIRS = new Set(["value", "checked", "open", "selected"]);

/** @param {Node} old @param {Node} next */
function morph(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  if (old.hasAttribute("data-own")) return;
  for (const { name } of [...old.attributes])
    if (!next.hasAttribute(name) && !THEIRS.has(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value && !THEIRS.has(name)) old.setAttribute(name, value);
  if (old.nodeName !== "TEXTAREA") patchChildren(old, [...next.childNodes]);
}

/**
 * Call `deeds[name](element, event)` when something with `data-do="name"` inside `root` is pressed or submitted.
 * @param {Element} root @param {Record<string, (element: HTMLElement, event: Event) => void>} deeds
 */
export function onPress(root, deeds) {
  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (!pressed || pressed.nodeName === "FORM" || !deeds[pressed.dataset.do]) return;
    if (pressed.getAttribute("aria-disabled") === "true") return;
    deeds[pressed.dataset.do](pressed, event);
  });
  root.addEventListener("submit", (event) => {
    const deed = deeds[event.target.dataset.do];
    if (!deed) return;
    event.preventDefault();
    deed(event.target, event);
  });
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}
