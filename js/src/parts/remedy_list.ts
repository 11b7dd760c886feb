// The remedies as a list, each to be switched on and set.
import { h } from "./dom";
import { count, counted } from "./format";
import type { Remedy, Shifts } from "./remedies";
import { type OfClass, RemedyControl } from "./remedy_control";
import { GROUPS, HEADS, type Kind, namesWith, ORDER } from "./remedy_kinds";
import { IN_PAGE } from "./validation_data";

/** As Python sends it. */
export interface Offers {
  /** By the names of remedies that cannot be tried on the network as it is: the reason. */
  why: Record<string, string>;
  /** Those of them that can be tried once another head is put in. */
  lifted: string[];
  /** Why none can, or "". */
  missing: string;
  /** Training images with more evidence for another label than for their own. */
  suspects: number;
  /** Training images that may be left out as suspect, at most. */
  most: number;
}

/** What remedies can be tried here. */
export interface Situation {
  offers: Offers | undefined;
  /** Whether there is a kernel, as far as is known. */
  kernel: boolean;
  /** Whether the page has the logits. */
  logits: boolean;
  /** Edited training images. */
  edits: number;
  classes: number;
}

const NO_KERNEL = "Needs a running kernel; this page has none.";
const NO_LOGITS = "Needs the validation images' logits, which this page does not hold.";
/** After these, embeddings go through another head. */
const NEW_HEAD = namesWith("means", "refit");

export class RemedyList {
  readonly #controls: Map<string, RemedyControl>;
  readonly element: HTMLElement;
  #situation: Situation = {
    offers: undefined,
    kernel: true,
    logits: false,
    edits: 0,
    classes: 1,
  };

  constructor(changed: () => void) {
    const hear = (kind: Kind) => {
      this.#settle(kind);
      this.#allow();
      changed();
    };
    this.#controls = new Map(
      GROUPS.flatMap(({ kinds }) =>
        kinds.map((kind) => [kind.name, new RemedyControl(kind, hear)]),
      ),
    );
    const groups = GROUPS.map(({ title, kinds }) =>
      h(
        "fieldset",
        "imbxai-remedies-group",
        {},
        h("legend", "", {}, title),
        ...kinds.flatMap(({ name }) => this.#controls.get(name)?.element ?? []),
      ),
    );
    this.element = h("div", "imbxai-remedies", {}, ...groups);
  }

  /** Those that are on, in the order in which Python has those of one stage take effect. */
  get remedies(): Remedy[] {
    return ORDER.flatMap((name) => this.#controls.get(name)?.remedy ?? []);
  }

  /** What is added to logits of single classes. */
  get shifts(): Shifts {
    const offset = this.#controls.get("LogitOffset")?.remedy;
    return (offset?.parameters.offsets as Shifts | undefined) ?? {};
  }

  set shifts(shifts: Shifts) {
    const given = Object.keys(shifts).length ? { offsets: shifts } : undefined;
    this.#controls.get("LogitOffset")?.set(given);
  }

  /** Switches one remedy on as asked, and all others off. */
  set({ name, parameters }: Remedy): void {
    for (const control of this.#controls.values()) {
      control.set(control.kind.name === name ? parameters : undefined);
    }
    this.#allow();
  }

  clear(): void {
    for (const control of this.#controls.values()) control.set(undefined);
    this.#allow();
  }

  showClass(of: OfClass): void {
    for (const control of this.#controls.values()) {
      const alike = control.kind.name === "Threshold" ? 1 / this.#situation.classes : undefined;
      control.showClass(of, alike);
    }
  }

  /** Shows what was found for "best", by remedy. */
  showFound(found: Record<string, number>): void {
    for (const control of this.#controls.values()) control.showFound(found[control.kind.name]);
  }

  /** Offers what can be tried here. */
  offer(situation: Situation): void {
    this.#situation = situation;
    const { suspects, most } = situation.offers ?? {};
    if (most) this.#controls.get("DropSuspects")?.limit(most);
    if (suspects) this.#controls.get("DropSuspects")?.note(`(${count(suspects)} likely wrong)`);
    const edits = situation.edits ? `(${counted(situation.edits, "image")})` : "";
    this.#controls.get("ApplyEdits")?.note(edits);
    this.#allow();
  }

  #allow(): void {
    const heads = NEW_HEAD.some((name) => this.#controls.get(name)?.on);
    for (const [name, control] of this.#controls) {
      control.allow(this.#why(name, heads), this.#situation.kernel);
    }
  }

  /** Why a remedy cannot be tried, or "" if it can. */
  #why(name: string, heads: boolean): string {
    const { offers, kernel, logits, edits } = this.#situation;
    if (!kernel) return IN_PAGE.includes(name) ? (logits ? "" : NO_LOGITS) : NO_KERNEL;
    if (name === "ApplyEdits" && !edits) return "No training image is edited.";
    return offers ? whyNot(offers, name, heads) : "";
  }

  /** Of two heads the one that was chosen last stays. */
  #settle(kind: Kind): void {
    if (!HEADS.includes(kind.name) || !this.#controls.get(kind.name)?.on) return;
    for (const control of this.#controls.values()) {
      if (HEADS.includes(control.kind.name) && control.kind !== kind) control.set(undefined);
    }
  }
}

function whyNot(offers: Offers, name: string, heads: boolean): string {
  if (offers.missing) return offers.missing;
  return heads && offers.lifted.includes(name) ? "" : (offers.why[name] ?? "");
}
