// The dialog in which one thing is looked at closer: its head, its keys, and the way back.
import type { DetailContext, KeyHint, Kind } from "./detail_kind";
import { KINDS } from "./detail_kinds";
import { h, keepKeys, put } from "./dom";
import type { Opening } from "./open";

/** Of all kinds. */
const KEYS: KeyHint[] = [["Esc", "close"]];
const BACK: KeyHint[] = [["Backspace", "back"]];
const WALK: KeyHint[] = [["← →", "previous, next"]];

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Where keys write or choose; there arrows and letters are not the dialog's. */
const FIELDS = "input, select, textarea";

let made = 0;

export class DetailDialog {
  readonly #title = h("h3", "imbxai-dialog-title", { id: `imbxai-detail-${made++}` });
  readonly #place = h("span", "imbxai-soft imbxai-dialog-place", { role: "status" });
  readonly #return = walkButton("↩", "Back (Backspace)");
  readonly #back = walkButton("‹", "Previous (←)");
  readonly #on = walkButton("›", "Next (→)");
  readonly #close = h(
    "button",
    "imbxai-quiet-button",
    { type: "button", "aria-label": "Close", title: "Close (Esc)" },
    "✕",
  );
  readonly #head = h(
    "header",
    "imbxai-dialog-head",
    {},
    this.#title,
    this.#return,
    this.#place,
    this.#back,
    this.#on,
    this.#close,
  );
  readonly #body = h("div", "imbxai-dialog-body");
  readonly #keys = h("footer", "imbxai-dialog-keys imbxai-soft");
  readonly element = h(
    "dialog",
    "imbxai-dialog",
    { "aria-labelledby": this.#title.id },
    h("div", "imbxai-dialog-frame", {}, this.#head, this.#body, this.#keys),
  );
  readonly #kinds = new Map<string, Kind<Opening>>();
  #opening: Opening | undefined;
  /** What was open before, the last one last. */
  #trail: Opening[] = [];
  /** What has the focus back in the end. */
  #from: HTMLElement | undefined;

  constructor(private readonly context: Omit<DetailContext, "open" | "select">) {
    keepKeys(this.element);
    this.#return.addEventListener("click", () => this.#goBack());
    this.#back.addEventListener("click", () => this.#walk(-1));
    this.#on.addEventListener("click", () => this.#walk(1));
    this.#close.addEventListener("click", () => this.close());
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("close", () => this.#closed());
    // What is hit beside the frame is the dialog itself, or rather the page behind it.
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element) this.close();
    });
  }

  /** Opens something; `anchor` is what it was opened by. */
  open(opening: Opening, anchor: HTMLElement | undefined): void {
    const kind = this.#kindOf(opening);
    if (!kind) return;
    this.#from = anchor;
    this.#trail = [];
    this.#show(opening, kind);
    if (!this.element.open) this.element.showModal();
    this.#stand(anchor);
    this.#close.focus({ preventScroll: true });
  }

  close(): void {
    if (this.element.open) this.element.close();
  }

  /** Has the kind that is open show its state anew, such as marks. */
  refresh(): void {
    if (this.#opening && this.element.open) this.#kindOf(this.#opening)?.refresh?.();
  }

  dispose(): void {
    this.close();
    for (const kind of this.#kinds.values()) kind.close();
  }

  #kindOf({ kind: name }: Opening): Kind<Opening> | undefined {
    const known = this.#kinds.get(name);
    if (known) return known;
    const made = KINDS[name]?.({
      ...this.context,
      open: (opening) => this.#replace(opening),
      select: (index) => this.#select(index),
    }) as Kind<Opening> | undefined;
    if (made) this.#kinds.set(name, made);
    return made;
  }

  #show(opening: Opening, kind: Kind<Opening>): void {
    this.#opening = opening;
    put(this.#title, kind.title);
    put(this.#body, kind.element);
    kind.show(opening);
    const place = kind.place(opening);
    this.#place.textContent = place;
    for (const button of [this.#back, this.#on]) button.hidden = !place;
    this.#back.disabled = !kind.beside(opening, -1);
    this.#on.disabled = !kind.beside(opening, 1);
    this.#return.hidden = !this.#trail.length;
    const back = this.#trail.length ? BACK : [];
    const keys = [...(place ? WALK : []), ...kind.keys, ...back, ...KEYS];
    this.#keys.replaceChildren(
      ...keys.map(([key, does]) => h("span", "", {}, h("kbd", "", {}, key), ` ${does}`)),
    );
    if (this.element.open) this.#keepFocus();
  }

  #replace(opening: Opening): void {
    if (!this.#opening || !this.#kindOf(opening)) return;
    this.#trail.push(this.#opening);
    this.#turnTo(opening);
  }

  #goBack(): void {
    const before = this.#trail.pop();
    if (before) this.#turnTo(before);
  }

  /** Shows something else, perhaps of another kind. */
  #turnTo(opening: Opening): void {
    const kind = this.#kindOf(opening);
    if (!kind) return;
    const before = this.#opening && this.#kindOf(this.#opening);
    if (before !== kind) before?.close();
    this.#body.scrollTop = 0;
    this.#show(opening, kind);
  }

  #select(index: number): void {
    this.close();
    this.context.model.set("selected", index);
  }

  #walk(steps: number): void {
    if (!this.#opening) return;
    const kind = this.#kindOf(this.#opening);
    const next = kind?.beside(this.#opening, steps);
    if (kind && next) this.#show(next, kind);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#opening) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      return;
    }
    if ((event.target as Element).matches(FIELDS)) return;
    const steps = STEPS[event.key];
    if (event.key === "Backspace") this.#goBack();
    else if (!steps && !this.#kindOf(this.#opening)?.press(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (steps) this.#walk(steps);
  }

  #closed(): void {
    if (this.#opening) this.#kindOf(this.#opening)?.close();
    this.#opening = undefined;
    this.#trail = [];
    if (this.#from?.isConnected) this.#from.focus({ preventScroll: true });
    this.#from = undefined;
  }

  /** What was pressed may be hidden now, or disabled: it would lose the focus, and the keys with it. */
  #keepFocus(): void {
    const active = this.#active;
    const lost = !active?.checkVisibility() || active.matches(":disabled");
    if (lost || !this.element.contains(active)) this.#close.focus({ preventScroll: true });
  }

  get #active(): Element | null {
    return (this.element.getRootNode() as Document | ShadowRoot).activeElement;
  }

  /**
   * Has the dialog come near what was clicked where the window is higher than any screen: some hosts
   * show an output in a frame as high as all of it, whose middle may be out of sight.
   */
  #stand(anchor: HTMLElement | undefined): void {
    const { style } = this.element;
    const high = window.screen.availHeight;
    const tall = anchor !== undefined && high > 0 && window.innerHeight > 1.1 * high;
    style.marginBlockStart = "";
    style.maxBlockSize = tall ? `${Math.round(0.8 * high)}px` : "";
    if (!tall) return;
    const { top } = anchor.getBoundingClientRect();
    const lowest = window.innerHeight - this.element.offsetHeight;
    style.marginBlockStart = `${Math.max(0, Math.min(top - 0.3 * high, lowest))}px`;
  }
}

const walkButton = (sign: string, label: string) =>
  h("button", "imbxai-quiet-button", { type: "button", "aria-label": label, title: label }, sign);
