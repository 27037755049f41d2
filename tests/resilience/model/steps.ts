/**
 * The steps that a history is made of: how one is drawn at random, and how it reads in a story.
 *
 * @module
 */

import fc from "fast-check";

export type Fate =
  | "arrives"
  | "is lost"
  | "is late"
  | "loses its refresh cookie"
  | "loses its access cookie"
  | "is asked for twice, and the first reply arrives last";

export type Step =
  | { readonly kind: "nothing" }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "login"; readonly who: number; readonly privately: boolean }
  | { readonly kind: "refresh"; readonly who: number; readonly fate: Fate }
  | {
    readonly kind: "validate";
    readonly who: number;
    readonly mode: "auto" | "never";
    readonly fate: Fate;
  }
  | { readonly kind: "render"; readonly who: number }
  | { readonly kind: "late reply"; readonly who: number }
  | { readonly kind: "late request"; readonly who: number; readonly replyArrives: boolean }
  | { readonly kind: "crash"; readonly who: number; readonly forgetsSeconds: number }
  | {
    readonly kind: "theft";
    readonly thief: number;
    readonly from: number;
    readonly hasKey: boolean;
  }
  | { readonly kind: "recorded request"; readonly thief: number; readonly from: number }
  | { readonly kind: "key"; readonly who: number; readonly becomes: "another" | "none" }
  | { readonly kind: "another user agent"; readonly who: number }
  | {
    readonly kind: "forgery";
    readonly generations: number;
    readonly branches: number;
    readonly namesKey: boolean;
  }
  | {
    readonly kind: "logout";
    readonly who: number;
    readonly scope: "local" | "others" | "global";
  }
  | { readonly kind: "end another"; readonly who: number }
  | { readonly kind: "ban" }
  | { readonly kind: "unban" }
  | { readonly kind: "new password" }
  | { readonly kind: "new secret" };

const browser = fc.integer({ min: 0, max: 2 });
const thief = fc.integer({ min: 3, max: 4 });
/** Mostly the same one, or no session would ever see more than a step or two. */
const who = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: browser }, {
  weight: 3,
  arbitrary: thief,
});

const fate = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>("arrives") },
  { weight: 3, arbitrary: fc.constant<Fate>("is lost") },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fate>(
      "is late",
      "loses its refresh cookie",
      "loses its access cookie",
      "is asked for twice, and the first reply arrives last",
    ),
  },
);

const DAY = 24 * 3600;
const seconds = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(59, 60, 61, 30, 90, 120) },
  { weight: 3, arbitrary: fc.constantFrom(0.05, 1, 5, 20, 29, 31, 45) },
  { weight: 2, arbitrary: fc.constantFrom(299, 300, 301, 3500, 3600, 7200) },
  { weight: 1, arbitrary: fc.constantFrom(DAY, 10 * DAY, 30 * DAY - 1, 30 * DAY) },
);

const shared = [
  { weight: 14, arbitrary: fc.record({ kind: fc.constant("wait"), seconds }) },
  { weight: 14, arbitrary: fc.record({ kind: fc.constant("refresh"), who, fate }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("validate"),
      who,
      mode: fc.constantFrom("auto", "auto", "never"),
      fate,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("render"), who: browser }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("late reply"), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("late request"), who, replyArrives: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("crash"),
      who: browser,
      forgetsSeconds: fc.constantFrom(30, 60, 600, 7200, DAY),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("key"),
      who: browser,
      becomes: fc.constantFrom("another", "another", "none"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("another user agent"), who: browser }) },
] as const;

const rare = [
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("login"),
      who: browser,
      privately: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("theft"),
      thief,
      from: fc.oneof(fc.constant(0), browser),
      hasKey: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("recorded request"), thief, from: browser }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forgery"),
      generations: fc.integer({ min: -2, max: 1 }),
      branches: fc.integer({ min: -1, max: 1 }),
      namesKey: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("logout"),
      who: browser,
      scope: fc.constantFrom("local", "others", "global"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end another"), who: browser }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("ban", "new password") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("unban", "new secret") }) },
] as const;

/** Fast-check shrinks a step to this. */
const nothing = fc.constant<Step>({ kind: "nothing" });

function stepFrom(
  choices: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<unknown> }[],
): fc.Arbitrary<Step> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: nothing },
    ...choices,
  ) as fc.Arbitrary<Step>;
}

export interface History {
  /** The laptop is the browser of most steps. */
  readonly laptopHasKey: boolean;
  readonly steps: readonly Step[];
}

/** Histories of exactly this many steps; a shrunk one has steps in which nothing happens. */
export function histories(steps: number): fc.Arbitrary<History> {
  return fc.record({ laptopHasKey: fc.boolean(), steps: listsOf(steps) });
}

function listsOf(steps: number): fc.Arbitrary<readonly Step[]> {
  const whole = { minLength: steps, maxLength: steps, size: "max" } as const;
  return fc.oneof(
    fc.array(stepFrom([...shared, ...rare]), whole),
    // One session for the whole history: the deeper part of the rule.
    fc.array(stepFrom(shared), whole),
    // Thieves, one after the other.
    fc.array(stepFrom([...shared, { ...rare[1], weight: 12 }, { ...rare[2], weight: 6 }]), whole),
    // Many sign-ins: the cap.
    fc.array(stepFrom([...rare, ...shared, { ...rare[0], weight: 40 }]), whole),
  );
}
